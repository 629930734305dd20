// SPDX-License-Identifier: Apache-2.0
#include "agent/cloud_access.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/account.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "lifecycle/lockout.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kMostCredentials = 64U << 10U;
constexpr std::size_t kMostCaCertificates = 4U << 20U;
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

}  // namespace

Result<CloudAccess> read_cloud_access(const config::Config& config, Log& log) {
  const config::GlobalConfig& global = config.global();
  CloudAccess access;
  if (!global.trusted_certificate.empty()) {
    const Result<std::string> path = resolve(global.trusted_certificate);
    if (!path) return fail(path.error());
    Result<std::string> text = read_file(*path, kMostCaCertificates);
    if (!text) return pass(std::move(text));
    access.ca_pem = *std::move(text);
  }
  if (!global.proxy_credentials.empty()) {
    Result<cloud::SharedProxyLogin> login = read_proxy_login(global.proxy_credentials, log);
    if (!login) return fail_with(std::move(login), "proxy");
    access.proxy_login = *std::move(login);
  }
  if (const auto* file = std::get_if<config::CredentialsFile>(&global.credentials)) {
    Result<cloud::Credentials> credentials = read_credentials(*file, log);
    if (!credentials) return fail_with(std::move(credentials), "credentials");
    access.credentials = *std::move(credentials);
  }
  for (const config::CredentialsSpec& spec : config.further_credentials()) {
    std::optional<cloud::Credentials>& place = access.further[spec];
    const auto* further = std::get_if<config::CredentialsFile>(&spec);
    if (further == nullptr) continue;
    Result<cloud::Credentials> credentials = read_credentials(*further, log);
    if (!credentials) return fail_with(std::move(credentials), "issue_credentials or issue_dns");
    place = *std::move(credentials);
  }
  return access;
}

std::unique_ptr<cloud::CredentialsProvider> make_provider(
    std::optional<cloud::Credentials> credentials, cloud::HttpClient& http, const Clock& clock,
    const std::string& metadata) {
  if (credentials) return cloud::make_fixed_provider(*std::move(credentials));
  return cloud::make_ecs_provider(http, clock, metadata);
}

FurtherSessions::FurtherSessions(const Parts& parts, CloudAccess& access) {
  for (auto& [spec, credentials] : access.further) add(parts, spec, std::move(credentials));
}

cloud::Session* FurtherSessions::of(const config::CredentialsSpec& spec) const {
  const auto found = sessions_.find(spec);
  return found == sessions_.end() ? nullptr : &*found->second.session;
}

void FurtherSessions::add(const Parts& parts, const config::CredentialsSpec& spec,
                          std::optional<cloud::Credentials> credentials) {
  // Each has a record of its own, or one would hide the refusals of another.
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
