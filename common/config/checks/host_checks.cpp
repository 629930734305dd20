// SPDX-License-Identifier: Apache-2.0
#include "config/checks/host_checks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <set>

#include "base/account.h"
#include "base/error.h"
#include "base/text.h"
#include "config/checks/hook_checks.h"
#include "config/checks/system_checks.h"
#include "config/sentences.h"
#include "crypto/verification/authority_file.h"

namespace ccm::config {
namespace {

using Findings = std::vector<HostFinding>;

constexpr std::string_view kDefaultUser = "ccm";

constexpr std::string_view kFatal = "fatal: ";
constexpr std::string_view kWarning = "doubt: ";
static_assert(kFatal.size() == kWarning.size());
constexpr std::string_view kEnd = "end\n";

bool is_root() noexcept {
  return geteuid() == 0;
}

// Only a process with more rights can judge this, so nothing is reported.
bool is_hidden_from_us(int error_number) noexcept {
  return (error_number == EACCES || error_number == EPERM) && !is_root();
}

void add_fatal(Findings& findings, std::string sentence) {
  findings.push_back({true, std::move(sentence)});
}

void add_warning(Findings& findings, std::string sentence) {
  findings.push_back({false, std::move(sentence)});
}

// The file's facts; nullopt when they cannot be had, with a finding if this process may judge that.
std::optional<struct stat> look_at(const std::string& path, std::string_view what,
                                   Findings& findings) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) {
    if (!is_hidden_from_us(errno)) {
      add_fatal(findings, fmt::format("the {} {} cannot be used: {}", what, in_quotes(path),
                                      errno_text(errno)));
    }
    return std::nullopt;
  }
  if (!S_ISREG(facts.st_mode)) {
    add_fatal(findings, fmt::format("the {} {} is not a regular file", what, in_quotes(path)));
    return std::nullopt;
  }
  return facts;
}

bool may_access(const std::string& path, int mode) noexcept {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

void check_secret_file(const std::string& path, std::string_view what, Findings& findings) {
  const auto facts = look_at(path, what, findings);
  if (!facts) return;
  if (is_exposed(*facts)) {
    add_warning(findings, fmt::format("the {} {} is accessible to others than its owner (mode "
                                      "{:04o}); make it 0600",
                                      what, in_quotes(path), facts->st_mode & 07777U));
  }
  if (!may_access(path, R_OK) && !is_hidden_from_us(errno)) {
    add_fatal(findings, fmt::format("the {} {} cannot be read: {}", what, in_quotes(path),
                                    errno_text(errno)));
  }
}

void check_credentials(const Config& config, Findings& findings) {
  const GlobalConfig& global = config.global();
  std::set<std::string> files;
  std::vector<CredentialsSpec> all = config.further_credentials();
  all.insert(all.begin(), global.credentials);
  for (const CredentialsSpec& each : all) {
    const auto* file = std::get_if<CredentialsFile>(&each);
    if (file == nullptr || !files.insert(file->path).second) continue;
    check_secret_file(file->path, "credentials file", findings);
  }
  if (!global.proxy_credentials.empty()) {
    check_secret_file(global.proxy_credentials, "file with the proxy's password", findings);
  }
}

// The agent checks whether the files fit together (agent/cloud/check.h).
void check_fleet(const FleetConfig& fleet, Findings& findings) {
  check_secret_file(fleet.key_file, "file with this host's key in the fleet", findings);
  if (!fleet.login_file.empty()) {
    check_secret_file(fleet.login_file, "file with the password for etcd", findings);
  }
  if (fleet.certificate_file.empty()) return;
  look_at(fleet.certificate_file, "client certificate for etcd", findings);
  check_secret_file(fleet.certificate_key_file, "private key of the client certificate for etcd",
                    findings);
}

void check_authority_file(const std::string& path, std::string_view what, Findings& findings) {
  if (path.empty() || !look_at(path, what, findings)) return;
  if (!may_access(path, R_OK) && is_hidden_from_us(errno)) return;
  const auto certificates = crypto::read_authority_file(path);
  if (certificates) return;
  add_fatal(findings, fmt::format("the {} {} cannot be used: {}", what, in_quotes(path),
                                  certificates.error().message()));
}

bool user_exists(const std::string& name) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  return getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
         found != nullptr;
}

void check_user(const std::string& user, Findings& findings) {
  if (!user.empty()) {
    if (!user_exists(user)) {
      add_fatal(findings, fmt::format("the user {} does not exist; create the account, or name "
                                      "another one",
                                      in_quotes(user)));
    }
  } else if (is_root() && !user_exists(std::string(kDefaultUser))) {
    add_warning(findings, fmt::format("there is no account \"{0}\" for the agent, so nothing is "
                                      "renewed; create it (useradd --system --user-group "
                                      "--no-create-home --shell /usr/sbin/nologin {0}) or name "
                                      "another account",
                                      kDefaultUser));
  }
}

void check_agent(const std::string& path, Findings& findings) {
  if (path.empty() || !look_at(path, "agent program", findings)) return;
  if (!may_access(path, X_OK)) {
    add_fatal(findings, fmt::format("the agent program {} cannot be executed: {}", in_quotes(path),
                                    errno_text(errno)));
  }
}

}  // namespace

std::vector<HostFinding> check_host(const Config& config) {
  Findings findings;
  const GlobalConfig& global = config.global();
  // Without certificates no agent is started, and credentials may be missing.
  if (!config.certificates().empty()) check_credentials(config, findings);
  check_authority_file(global.trusted_certificate, "trusted certificate file", findings);
  if (global.fleet) {
    check_authority_file(global.fleet->ca_file, "file of etcd's authorities", findings);
    if (config.has_work()) check_fleet(*global.fleet, findings);
  }
  for (const std::string& path : config.trust_files()) {
    check_authority_file(path, "file of the source's trust=", findings);
  }
  check_user(global.user, findings);
  check_agent(global.agent_path, findings);
  check_hooks(global.hooks, findings);
  if (!config.has_work()) return findings;
  for (std::string& sentence : check_system(global.state_path)) {
    add_warning(findings, std::move(sentence));
  }
  return findings;
}

std::string encode_findings(const std::vector<HostFinding>& findings) {
  std::string text;
  for (const HostFinding& finding : findings) {
    text += fmt::format("{}{}\n", finding.fatal ? kFatal : kWarning, printable(finding.sentence));
  }
  return text + std::string(kEnd);
}

Result<std::vector<HostFinding>> decode_findings(std::string_view text) {
  const auto no_answer = [] {
    return fail(ErrorKind::invalid,
                "the agent program gave no answer; it may be of another release than the module");
  };
  if (!text.ends_with(kEnd)) return no_answer();
  text.remove_suffix(kEnd.size());
  Findings findings;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool is_fatal = line.starts_with(kFatal);
    if (end == std::string_view::npos || (!is_fatal && !line.starts_with(kWarning))) {
      return no_answer();
    }
    findings.push_back({is_fatal, std::string(line.substr(kFatal.size()))});
    text.remove_prefix(end + 1);
  }
  return findings;
}

}  // namespace ccm::config
