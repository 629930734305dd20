// SPDX-License-Identifier: Apache-2.0
#include "agent/cloud/cloud_access.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/account.h"
#include "base/file.h"
#include "base/text.h"
#include "cloud/transport/curl_client.h"
#include "config/sentences.h"
#include "crypto/digest.h"
#include "crypto/verification/authority_file.h"
#include "lifecycle/lockout.h"
#include "sources/source_drivers.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kMostCredentials = 64U << 10U;
constexpr std::size_t kMostOcspBody = 64U << 10U;
constexpr std::size_t kKindDigits = 12;

// The file behind links: secrets of orchestrators are mounted as links, and the operator named
// them.
Result<std::string> resolve(const std::string& path) {
  const Handle<char, std::free> real(realpath(path.c_str(), nullptr));
  if (real == nullptr) return fail(system_error("reading " + path, errno));
  return std::string(real.get());
}

void warn_if_others_read(const std::string& path, Log& log) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0 && is_exposed(status)) {
    log.warn("{} is accessible to others than its owner; make it private with chmod 600", path);
  }
}

Result<cloud::Credentials> read_credentials(const config::CredentialsFile& file, Log& log) {
  const Result<std::string> path = resolve(file.path);
  if (!path) return fail(path.error());
  warn_if_others_read(*path, log);
  const Result<Secret> text = read_secret_file(*path, kMostCredentials);
  if (!text) return fail(text.error());
  return cloud::parse_profile(*text, file.profile, file.path);
}

Result<cloud::SharedProxyLogin> read_proxy_login(const std::string& file, Log& log) {
  const Result<std::string> path = resolve(file);
  if (!path) return fail(path.error());
  warn_if_others_read(*path, log);
  const Result<Secret> text = read_secret_file(*path, kMostCredentials);
  if (!text) return fail(text.error());
  auto login = cloud::parse_proxy_login(*text);
  if (!login) return fail_with(std::move(login), file);
  return login;
}

ReadCredentials read_credentials(const config::CredentialsSpec& spec, Log& log,
                                 std::string_view directive) {
  const auto* file = std::get_if<config::CredentialsFile>(&spec);
  if (file == nullptr) return std::optional<cloud::Credentials>();
  Result<cloud::Credentials> credentials = read_credentials(*file, log);
  if (!credentials) return fail_with(std::move(credentials), directive);
  return std::optional<cloud::Credentials>(*std::move(credentials));
}

Result<std::optional<std::string>> read_ca_certificates(const std::string& file) {
  if (file.empty()) return std::optional<std::string>();
  const Result<std::string> path = resolve(file);
  if (!path) return fail(path.error());
  Result<std::string> text = read_file(*path, crypto::kLargestAuthorityFile);
  if (!text) return pass(std::move(text));
  const auto client = cloud::make_curl_client({.ca_pem = *text, .proxy = {}});
  if (client) return std::optional<std::string>(*std::move(text));
  return fail(
      Error(client.error())
          .with_context(fmt::format("the trusted certificate file {}", config::in_quotes(file))));
}

// `rejected`: another try without any change would not help.
Failure refusal(const Error& error) {
  return fail(Error(error).with_kind(ErrorKind::rejected));
}

class NoCredentials final : public cloud::CredentialsProvider {
 public:
  explicit NoCredentials(Error reason) : reason_(std::move(reason)) {}
  Result<std::shared_ptr<const cloud::Credentials>> current() override { return refusal(reason_); }

 private:
  Error reason_;
};

class NoClient final : public cloud::HttpClient {
 public:
  explicit NoClient(Error reason) : reason_(std::move(reason)) {}
  Result<cloud::HttpResponse> send(const cloud::HttpRequest&) override { return refusal(reason_); }

 private:
  Error reason_;
};

std::unique_ptr<cloud::HttpClient> make_client(cloud::CurlOptions options,
                                               const Result<cloud::SharedProxyLogin>& login) {
  if (!login) return std::make_unique<NoClient>(login.error());
  options.proxy_login = *login;
  Result<std::unique_ptr<cloud::HttpClient>> client = cloud::make_curl_client(options);
  if (!client) return std::make_unique<NoClient>(std::move(client).error());
  return *std::move(client);
}

}  // namespace

std::optional<Error> CloudAccess::trouble() const {
  std::vector<std::string> sentences;
  const auto add = [&sentences](const auto& part) {
    if (part) return;
    const std::string& sentence = part.error().message();
    const bool is_said = std::find(sentences.begin(), sentences.end(), sentence) != sentences.end();
    if (!is_said) sentences.push_back(sentence);
  };
  add(ca_pem);
  add(proxy_login);
  add(credentials);
  for (const auto& [spec, read] : further) add(read);
  if (sentences.empty()) return std::nullopt;
  return Error(ErrorKind::invalid, join(sentences, "; "));
}

CloudAccess read_cloud_access(const config::Config& config, Log& log) {
  const config::GlobalConfig& global = config.global();
  CloudAccess access{.credentials = read_credentials(global.credentials, log, "credentials"),
                     .ca_pem = read_ca_certificates(global.trusted_certificate)};
  if (!global.proxy_credentials.empty()) {
    access.proxy_login = read_proxy_login(global.proxy_credentials, log);
    if (!access.proxy_login) access.proxy_login = fail_with(std::move(access.proxy_login), "proxy");
  }
  for (const config::CredentialsSpec& spec : config.further_credentials()) {
    access.further.emplace(spec, read_credentials(spec, log, "issue_credentials or issue_dns"));
  }
  return access;
}

cloud::Endpoints endpoints_of(const config::GlobalConfig& global,
                              const ReadCredentials& credentials) {
  cloud::Endpoints overrides{.iam = global.iam_endpoint, .scm = {}, .pca = {}};
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    if (driver->endpoint == nullptr) continue;
    overrides.*driver->endpoint = global.*driver->kind->endpoint;
  }
  const bool is_read = credentials && *credentials;
  if (overrides.iam.empty() && is_read) overrides.iam = (*credentials)->iam_endpoint;
  return cloud::endpoints_for(global.region, overrides);
}

std::unique_ptr<cloud::CredentialsProvider> make_provider(ReadCredentials credentials,
                                                          cloud::HttpClient& http,
                                                          const Clock& clock,
                                                          const std::string& metadata) {
  if (!credentials) return std::make_unique<NoCredentials>(std::move(credentials).error());
  if (*credentials) return cloud::make_fixed_provider(**std::move(credentials));
  return cloud::make_ecs_provider(http, clock, metadata);
}

std::unique_ptr<cloud::HttpClient> make_cloud_client(const CloudAccess& access,
                                                     const std::string& proxy) {
  if (!access.ca_pem) return std::make_unique<NoClient>(access.ca_pem.error());
  return make_client({.ca_pem = *access.ca_pem, .proxy = proxy}, access.proxy_login);
}

cloud::Reach reach_of_responders(const cloud::Endpoints& endpoints) {
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    if (driver->endpoint == nullptr) continue;
    const auto parts = cloud::split_url(endpoints.*driver->endpoint);
    const bool is_this_host =
        parts && !cloud::may_reach_host(cloud::Reach::network, std::string(parts->host));
    if (is_this_host) return cloud::Reach::network_and_host;
  }
  return cloud::Reach::network;
}

std::unique_ptr<cloud::HttpClient> make_responder_client(const CloudAccess& access,
                                                         const std::string& proxy,
                                                         cloud::Reach reach) {
  return make_client({.ca_pem = {}, .proxy = proxy, .reach = reach, .body_limit = kMostOcspBody},
                     access.proxy_login);
}

FurtherSessions::FurtherSessions(const Parts& parts, CloudAccess& access) {
  for (auto& [spec, credentials] : access.further) add(parts, spec, std::move(credentials));
}

cloud::Session* FurtherSessions::of(const config::CredentialsSpec& spec) const {
  const auto found = sessions_.find(spec);
  return found == sessions_.end() ? nullptr : &*found->second.session;
}

void FurtherSessions::add(const Parts& parts, const config::CredentialsSpec& spec,
                          ReadCredentials credentials) {
  // Each has a record of its own. With a shared one, the refusals of some credentials would hide
  // those of others.
  const std::string kind =
      "lockout-" + crypto::sha256_hex(config::to_string(spec)).substr(0, kKindDigits);
  Identity identity;
  identity.provider = make_provider(std::move(credentials), parts.http, parts.clock,
                                    parts.global.metadata_endpoint);
  identity.guard = lifecycle::make_store_lockout_guard(parts.store, parts.lease, parts.clock, kind);
  identity.session = std::make_unique<cloud::Session>(cloud::Session::Parts{
      parts.http, *identity.provider, *identity.guard, parts.clock, parts.iam_endpoint});
  sessions_.emplace(spec, std::move(identity));
}

}  // namespace ccm::agent
