// SPDX-License-Identifier: Apache-2.0
#include "agent/cloud/check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/cloud/cloud_access.h"
#include "agent/process/privileges.h"
#include "base/acting_as.h"
#include "base/error.h"
#include "base/handle.h"
#include "base/log.h"
#include "base/sentences.h"
#include "cloud/transport/endpoints.h"
#include "config/sentences.h"
#include "fleet/access/fleet_access.h"
#include "sources/source_drivers.h"
#include "store/host/state_directory.h"

namespace ccm::agent {
namespace {

using Findings = std::vector<config::HostFinding>;

// The warnings about the credentials file were given already (config/checks/host_checks.h).
class NoLog final : public Log {
 public:
  void write(Severity, std::string_view) noexcept override {}
};

bool is_root() noexcept {
  return geteuid() == 0;
}

void add_fatal(Findings& findings, std::string sentence) {
  findings.push_back({true, std::move(sentence)});
}

void add_warning(Findings& findings, std::string sentence) {
  findings.push_back({false, std::move(sentence)});
}

// Whether this process may read everything that read_cloud_access() reads; root always may.
bool may_read(const config::Config& config) {
  if (is_root()) return true;
  const config::GlobalConfig& global = config.global();
  const auto readable = [](const std::string& path) {
    return path.empty() || faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0;
  };
  const auto is_usable = [&](const config::CredentialsSpec& credentials) {
    const auto* file = std::get_if<config::CredentialsFile>(&credentials);
    return file == nullptr || readable(file->path);
  };
  const std::vector<config::CredentialsSpec> further = config.further_credentials();
  const auto is_fleet_readable = [&](const config::FleetConfig& fleet) {
    return readable(fleet.key_file) && readable(fleet.ca_file) && readable(fleet.login_file) &&
           readable(fleet.certificate_file) && readable(fleet.certificate_key_file);
  };
  if (global.fleet && !is_fleet_readable(*global.fleet)) return false;
  return readable(global.trusted_certificate) && readable(global.proxy_credentials) &&
         is_usable(global.credentials) && std::all_of(further.begin(), further.end(), is_usable);
}

void check_access(const config::Config& config, Findings& findings) {
  if (!may_read(config)) return;
  if (const auto usable = try_accesses(config); !usable) {
    add_fatal(findings, usable.error().message());
  }
}

// Whether certificates come from this source and no directive says where its service is.
bool depends_on_region(const config::Config& config, const sources::SourceDriver& driver) {
  const config::SourceKind* kind = driver.kind;
  if (kind->endpoint == nullptr || !(config.global().*kind->endpoint).empty()) return false;
  return std::any_of(config.certificates().begin(), config.certificates().end(),
                     [kind](const auto& spec) { return &spec.source.kind() == kind; });
}

// False, after a finding, when no such region is known.
bool check_is_known(const std::string& region, Findings& findings) {
  const auto regions = cloud::known_regions();
  if (region.empty() || std::find(regions.begin(), regions.end(), region) != regions.end()) {
    return true;
  }
  const auto best = closest(region, {regions.begin(), regions.end()});
  add_warning(findings,
              fmt::format("the region {} is not known{}", config::in_quotes(region),
                          best.empty() ? "" : fmt::format("; did you mean \"{}\"?", best)));
  return false;
}

void check_region(const config::Config& config, Findings& findings) {
  const config::GlobalConfig& global = config.global();
  std::vector<const sources::SourceDriver*> dependent;
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    if (depends_on_region(config, *driver)) dependent.push_back(driver);
  }
  std::set<std::string> others;
  for (const auto& spec : config.certificates()) others.insert(spec.source.facts().region);
  for (const std::string& region : others) check_is_known(region, findings);
  if (dependent.empty() || global.region.empty()) return;
  if (!check_is_known(global.region, findings)) return;
  const cloud::Endpoints known = cloud::endpoints_for(global.region, {});
  for (const sources::SourceDriver* driver : dependent) {
    if (!(known.*driver->endpoint).empty()) continue;
    const config::SourceKind& kind = *driver->kind;
    add_warning(findings,
                fmt::format("no {} is known in the region {}; name its endpoint with {}",
                            kind.title, config::in_quotes(global.region), kind.endpoint_spellings));
  }
}

// The path itself, or the longest part of it that exists.
Result<std::filesystem::path> existing_part(std::filesystem::path path) {
  struct stat facts {};
  while (stat(path.c_str(), &facts) != 0) {
    if (errno != ENOENT || path == path.parent_path())
      return fail(system_error(path.string(), errno));
    path = path.parent_path();
  }
  if (!S_ISDIR(facts.st_mode)) {
    return fail(ErrorKind::invalid, fmt::format("{} is not a directory", path.string()));
  }
  return path;
}

// False, after a finding, when another account owns the path.
bool check_owner(const std::string& path, const Account& account, Findings& findings) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return true;
  if (facts.st_uid == account.user || facts.st_uid == 0) return true;
  add_warning(
      findings,
      fmt::format("the state directory {} belongs to user {} and not to the agent's account "
                  "\"{}\", which cannot write there: chown -R {} {}",
                  config::in_quotes(path), facts.st_uid, account.name, account.name, path));
  return false;
}

void check_state(const std::string& path, const std::optional<Account>& account,
                 Findings& findings) {
  const auto there = existing_part(path);
  if (!there) {
    const auto good = store::check_state_directory(path, account ? account->user : geteuid());
    if (!good) {
      add_fatal(findings, good.error().message());
    } else if (there.error().kind() == ErrorKind::invalid) {
      add_fatal(findings, fmt::format("the state directory {} cannot be made: {}",
                                      config::in_quotes(path), there.error().message()));
    }
    return;
  }
  const bool is_writable = faccessat(AT_FDCWD, there->c_str(), W_OK | X_OK, AT_EACCESS) == 0;
  const int problem = errno;
  struct stat facts {};
  // Root without CAP_DAC_OVERRIDE; the agent gets in as the account.
  const bool is_the_accounts =
      account && stat(there->c_str(), &facts) == 0 && facts.st_uid == account->user;
  const bool is_for_others_to_judge = problem == EACCES && (!is_root() || is_the_accounts);
  if (!is_writable && !is_for_others_to_judge) {
    const std::string reason = errno_text(problem);
    add_warning(findings,
                fmt::format("nothing can be stored in the state directory {}: {}: {}; make it "
                            "writable, under systemd with ReadWritePaths={}",
                            config::in_quotes(path), there->string(), reason, path));
    return;
  }
  const bool is_there = *there == std::filesystem::path(path);
  if (account && is_there && !check_owner(path, *account, findings)) return;
  // Root without an account to hand the directory to. There is a finding about that already, and
  // nothing more can be checked.
  if (is_root() && !account) return;
  const auto good = store::check_state_directory(path, account ? account->user : geteuid());
  if (!good) add_fatal(findings, good.error().message());
}

// The agent reads these files when it judges a certificate, after it has become the account.
void check_trust_files(const config::Config& config, const std::optional<Account>& account,
                       Findings& findings) {
  if (!account) return;
  const ActingAs agent(account->user);
  for (const std::string& path : config.trust_files()) {
    // A FIFO would keep the check waiting.
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    // Other problems have a finding already (config/checks/host_checks.h).
    if (file || errno != EACCES) continue;
    add_fatal(findings, fmt::format("the file of the source's trust= {} cannot be read by the "
                                    "agent's account \"{}\"; certificates are no secret, so make "
                                    "it and the folders above it readable",
                                    config::in_quotes(path), account->name));
  }
}

}  // namespace

std::vector<config::HostFinding> check_work(const config::Config& config) {
  Findings findings;
  check_access(config, findings);
  check_region(config, findings);
  // A missing account has a finding already (config/checks/host_checks.h).
  const Result<std::optional<Account>> account = choose_account(config.global().user);
  const std::optional<Account> agent = account ? *account : std::nullopt;
  check_state(config.global().state_path, agent, findings);
  check_trust_files(config, agent, findings);
  return findings;
}

Result<void> try_accesses(const config::Config& config) {
  NoLog log;
  if (std::optional<Error> trouble = read_cloud_access(config, log).trouble()) {
    return fail(*std::move(trouble));
  }
  const std::optional<config::FleetConfig>& place = config.global().fleet;
  if (!place) return {};
  Result<fleet::FleetAccess> fleet = fleet::read_fleet_access(*place);
  if (!fleet) return fail(fleet.error());
  auto etcd = fleet::EtcdClient::make(std::move(fleet->etcd));
  return etcd ? Result<void>() : pass(std::move(etcd));
}

}  // namespace ccm::agent
