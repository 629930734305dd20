// SPDX-License-Identifier: Apache-2.0
#include "cli/cloud/cloud_access.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "cli/input/secret_input.h"
#include "cli/output/terminal.h"
#include "cloud/transport/curl_client.h"

namespace ccm::cli {
namespace {

constexpr std::string_view kMetadata = "http://169.254.169.254";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// Where the vendor's SDKs look (docs/design/auth.md, "Where credentials come from").
std::string usual_credentials_file() {
  std::string named = environment("HUAWEICLOUD_SDK_CREDENTIALS_FILE");
  if (!named.empty()) return named;
  const std::string file = environment("HOME") + "/.huaweicloud/credentials";
  struct stat facts {};
  return stat(file.c_str(), &facts) == 0 ? file : std::string();
}

}  // namespace

Result<cloud::SharedProxyLogin> read_proxy_login(const GlobalOptions& options,
                                                 const config::GlobalConfig& known) {
  // The password in the settings is for the proxy in the settings only.
  const std::string& inherited = options.proxy.empty() ? known.proxy_credentials : std::string();
  const std::string file = choose(options.proxy_file, inherited);
  if (file.empty()) return cloud::SharedProxyLogin();
  const auto text = read_input(file);
  if (!text) return fail(text.error());
  auto login = cloud::parse_proxy_login(*text);
  if (!login) return fail_with(std::move(login), file);
  return login;
}

const std::string* Answer::find_header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

cloud::Arguments to_arguments(const Words& words) {
  cloud::Arguments arguments;
  for (const auto& [name, value] : words) arguments.with(name, value);
  return arguments;
}

Result<std::unique_ptr<CloudAccess>> CloudAccess::open(const GlobalOptions& options,
                                                       const config::GlobalConfig* effective,
                                                       const Clock& clock) {
  const config::GlobalConfig none;
  const config::GlobalConfig& known = effective == nullptr ? none : *effective;
  std::unique_ptr<CloudAccess> access(new CloudAccess);
  access->is_dry_run_ = options.dry_run;
  access->region_ = choose(options.region, known.region);
  cloud::CurlOptions curl{
      .ca_pem = {}, .proxy = choose(options.proxy, known.proxy), .user_agent = "ccmctl"};
  auto login = read_proxy_login(options, known);
  if (!login) return pass(std::move(login));
  curl.proxy_login = *std::move(login);
  if (const std::string file = choose(options.ca_file, known.trusted_certificate); !file.empty()) {
    auto text = read_input(file);
    if (!text) return pass(std::move(text));
    curl.ca_pem = text->reveal();
  }
  auto http = cloud::make_curl_client(curl);
  if (!http) return pass(std::move(http));
  access->http_ = *std::move(http);
  auto chosen = access->choose_credentials(options, effective, clock);
  if (!chosen) return fail_with(std::move(chosen), "credentials");
  cloud::Endpoints named = options.endpoints;
  named.iam = choose(named.iam, known.iam_endpoint);
  named.scm = choose(named.scm, known.scm_endpoint);
  named.pca = choose(named.pca, known.pca_endpoint);
  access->endpoints_ = cloud::endpoints_for(access->region_, named);
  access->session_ = std::make_unique<cloud::Session>(cloud::Session::Parts{
      *access->http_, *access->provider_, access->lockout_, clock, access->endpoints_.iam});
  return access;
}

Result<void> CloudAccess::choose_credentials(const GlobalOptions& options,
                                             const config::GlobalConfig* effective,
                                             const Clock& clock) {
  std::string metadata(kMetadata);
  if (effective != nullptr) metadata = effective->metadata_endpoint;
  metadata = choose(options.metadata_endpoint, metadata);
  if (options.credentials == "env") return use_environment();
  if (options.credentials == "ecs") {
    use_ecs(metadata, clock);
    return {};
  }
  if (!options.credentials.empty()) return use_file(options.credentials, options.profile);
  if (effective != nullptr) {
    if (const auto* file = std::get_if<config::CredentialsFile>(&effective->credentials)) {
      return use_file(file->path, choose(options.profile, file->profile));
    }
    use_ecs(metadata, clock);
    return {};
  }
  if (!environment("HUAWEICLOUD_SDK_AK").empty()) return use_environment();
  if (const std::string file = usual_credentials_file(); !file.empty()) {
    return use_file(file, options.profile);
  }
  return fail(ErrorKind::invalid,
              "none found: no server on this host has settings, HUAWEICLOUD_SDK_AK is not set and "
              "~/.huaweicloud/credentials does not exist; give --credentials FILE, ecs or env");
}

Result<void> CloudAccess::use_file(const std::string& path, const std::string& profile) {
  const auto text = read_input(path);
  if (!text) return fail(text.error());
  auto credentials = cloud::parse_profile(*text, profile, path);
  if (!credentials) return pass(std::move(credentials));
  source_ = profile.empty() ? fmt::format("the file {}", path)
                            : fmt::format("the section [{}] of {}", profile, path);
  project_id_ = credentials->project_id;
  provider_ = cloud::make_fixed_provider(*std::move(credentials));
  return {};
}

Result<void> CloudAccess::use_environment() {
  auto credentials = cloud::credentials_from_environment();
  if (!credentials) return pass(std::move(credentials));
  source_ = "the environment";
  project_id_ = credentials->project_id;
  provider_ = cloud::make_fixed_provider(*std::move(credentials));
  return {};
}

void CloudAccess::use_ecs(const std::string& endpoint, const Clock& clock) {
  source_ = "the ECS metadata service";
  provider_ = cloud::make_ecs_provider(*http_, clock, endpoint);
}

Result<std::string> CloudAccess::endpoint_of(cloud::Service service) const {
  const auto [endpoint, option] = [&]() -> std::pair<std::string, std::string_view> {
    switch (service) {
      case cloud::Service::scm:
        return {endpoints_.scm, "--scm-endpoint"};
      case cloud::Service::pca:
        return {endpoints_.pca, "--pca-endpoint"};
      case cloud::Service::apig:
        return {endpoints_.apig, "--apig-endpoint"};
      case cloud::Service::sts:
        return {endpoints_.sts, "--sts-endpoint"};
      case cloud::Service::iam:
        break;
    }
    return {endpoints_.iam, "--iam-endpoint"};
  }();
  if (!endpoint.empty()) return endpoint;
  return fail(ErrorKind::invalid,
              fmt::format("where {} is, is not known{}: give --region or {}", to_string(service),
                          region_.empty() ? "" : fmt::format(" for region {}", region_), option));
}

// API: KeystoneListProjects. The project of a region has the region's name.
Result<std::string> CloudAccess::project_id() {
  if (!project_id_.empty()) return project_id_;
  constexpr std::string_view kInstead = "give --project-id, or project_id in the credentials";
  if (region_.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("the project is not known without a region; {}", kInstead));
  }
  auto answer = session_->call({.method = "GET",
                                .endpoint = endpoints_.iam,
                                .path = "/v3/projects",
                                .query = {{"name", region_}},
                                .body = {}});
  if (!answer) return fail_with(std::move(answer), "project id from IAM");
  auto document = cloud::JsonDocument::parse(answer->reveal());
  if (!document) return fail_with(std::move(document), "project id from IAM");
  const auto projects = (*document)["projects"].elements();
  if (projects.size() != 1) {
    return fail(ErrorKind::invalid, fmt::format("IAM knows {} projects of region {}; {}",
                                                projects.size(), region_, kInstead));
  }
  project_id_ = projects.front()["id"].text();
  return project_id_;
}

Result<Answer> CloudAccess::call(const cloud::Operation& operation, cloud::Arguments arguments) {
  const bool wants_project = operation.find("project_id") != nullptr;
  const auto given = std::find_if(arguments.parameters.begin(), arguments.parameters.end(),
                                  [](const auto& each) { return each.name == "project_id"; });
  if (wants_project && given == arguments.parameters.end()) {
    auto project = project_id();
    if (!project) return pass(std::move(project));
    arguments.with("project_id", *project);
  }
  auto request = cloud::build_request(operation, arguments);
  if (!request) return pass(std::move(request));
  auto endpoint = endpoint_of(operation.service);
  if (!endpoint) return pass(std::move(endpoint));
  request->endpoint = *std::move(endpoint);
  if (wants_project && operation.service == cloud::Service::apig) {
    const auto project = std::find_if(arguments.parameters.begin(), arguments.parameters.end(),
                                      [](const auto& each) { return each.name == "project_id"; });
    request->project_id = project->value.reveal();
  }
  if (is_dry_run_) {
    auto shown = show(operation, *request);
    wipe(request->body);
    if (!shown) return pass(std::move(shown));
    Answer preview;
    preview.is_preview = true;
    return preview;
  }
  auto response = session_->exchange(*request);
  wipe(request->body);
  if (!response) return fail_with(std::move(response), operation.id);
  Answer answer;
  answer.status = response->status;
  answer.headers = std::move(response->headers);
  answer.body = std::move(response->body);
  if (auto document = cloud::JsonDocument::parse(answer.body.reveal())) {
    answer.document = *std::move(document);
  }
  return answer;
}

Result<Answer> CloudAccess::call(std::string_view operation, const Words& words) {
  const auto found = cloud::find_operation(operation);
  if (!found) return fail(found.error());
  return call(**found, to_arguments(words));
}

Result<void> CloudAccess::show(const cloud::Operation& operation,
                               const cloud::ApiRequest& request) {
  auto http = session_->preview(request);
  if (!http) return pass(std::move(http));
  std::string text = fmt::format("{} {}\n", http->method, http->url);
  for (auto& [name, value] : http->headers) {
    text += fmt::format("{}: {}\n", name, cloud::showable_header(name, value));
    wipe(value);
  }
  if (!http->body.empty()) {
    text += fmt::format("\n{}\n", cloud::showable_body(operation, http->body));
  }
  wipe(http->body);
  Terminal::print(text);
  return {};
}

}  // namespace ccm::cli
