// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cli/doctor/doctor.h"
#include "crypto/key_pair.h"
#include "crypto/signing_request.h"

namespace ccm::cli {
namespace {

// Of nothing that the services ever made: whoever may call the operation is told that there is no
// such thing, and nothing is changed, issued or handed out.
constexpr std::string_view kNoCertificate = "scs0000000000000";
constexpr std::string_view kNoId = "00000000-0000-0000-0000-000000000000";

bool is_lack_of_permission(const Error& error) {
  return error.message().find("needs the action") != std::string::npos;
}

bool says_there_is_none(const Error& error) {
  return exit_code_of(error) == ExitCode::not_found;
}

Result<std::string> make_request() {
  const auto key = crypto::KeyPair::generate({crypto::KeyAlgorithm::ecdsa, 256});
  if (!key) return fail(key.error());
  return crypto::make_signing_request(*key, {"doctor.invalid"});
}

// Arguments that make the operation harmless; whether it reads what is there.
struct Trial {
  Words words;
  bool is_real = false;
};

Result<Trial> trial_of(const cloud::Operation& operation) {
  const std::string name = operation.full_name();
  const std::string none(operation.service == cloud::Service::scm ? kNoCertificate : kNoId);
  if (name == "scm.ListCertificates") return Trial{{{"limit", "10"}}, true};
  if (name == "pca.ListCertificate") return Trial{{{"limit", "1"}}, true};
  if (name == "pca.ShowCertificateAuthority") return Trial{{{"ca_id", none}}};
  if (name == "pca.ExportCertificate") {
    return Trial{{{"certificate_id", none}, {"type", "NGINX"}, {"is_compressed", "false"}}};
  }
  if (name == "pca.CreateCertificate") {
    return Trial{{{"issuer_id", none},
                  {"key_algorithm", "EC256"},
                  {"signature_algorithm", "SHA256"},
                  {"distinguished_name.common_name", "doctor.invalid"},
                  {"validity.type", "DAY"},
                  {"validity.value", "1"}}};
  }
  if (name == "pca.CreateCertificateByCsr") {
    auto request = make_request();
    if (!request) return pass(std::move(request));
    return Trial{{{"issuer_id", none},
                  {"csr", *std::move(request)},
                  {"validity.type", "DAY"},
                  {"validity.value", "1"},
                  {"type", "ENTITY_CERT"}}};
  }
  return Trial{{{"certificate_id", none}}};
}

class Permissions {
 public:
  Permissions(CloudAccess& cloud, Findings& findings) : cloud_(cloud), findings_(findings) {}

  // False when the credentials were refused: more of that would lock them.
  bool try_out(const Need& need) {
    const std::string subject = need.operation->full_name();
    const auto trial = trial_of(*need.operation);
    if (!trial) {
      findings_.doubtful(subject, trial.error().message(), "try again");
      return true;
    }
    const auto answer = cloud_.call(*need.operation, to_arguments(trial->words));
    return judge(need, subject, *trial, answer);
  }

  void sum_up(const std::vector<std::string>& actions, const std::string& policy) {
    if (!lacking_.empty()) {
      findings_.bad("permissions",
                    fmt::format("of {} actions needed, {} lacking: {}", actions.size(),
                                lacking_.size() == 1 ? "one is" : "these are",
                                join({lacking_.begin(), lacking_.end()}, ", ")),
                    fmt::format("give the user or agency this custom policy in IAM: {}", policy));
    } else if (unknown_.empty()) {
      findings_.good("permissions", fmt::format("all {} actions needed are there: {}",
                                                actions.size(), join(actions, ", ")));
    } else {
      findings_.doubtful(
          "permissions",
          fmt::format("of {} actions needed, it could not be told of {}", actions.size(),
                      join({unknown_.begin(), unknown_.end()}, ", ")),
          fmt::format("see in IAM that they are in the user's policies: {}", policy));
    }
  }

 private:
  bool judge(const Need& need, const std::string& subject, const Trial& trial,
             const Result<Answer>& answer) {
    const std::string action(need.operation->iam_action);
    if (answer) {
      findings_.good(subject, fmt::format("permitted ({}), {}", action, need.purpose));
      return true;
    }
    const Error& error = answer.error();
    if (error.kind() == ErrorKind::unauthorized) {
      findings_.bad("credentials", error.message(), "give the right ones; then ask again");
      return false;
    }
    if (is_lack_of_permission(error)) {
      lacking_.insert(action);
      findings_.bad(subject,
                    fmt::format("{} is lacking, {}: {}", action, need.purpose, error.message()),
                    "ccmctl policy shows what the user or agency needs");
    } else if (!trial.is_real && says_there_is_none(error)) {
      findings_.good(
          subject, fmt::format("permitted ({}) as far as can be seen without doing it, {}", action,
                               need.purpose));
    } else {
      unknown_.insert(action);
      findings_.doubtful(
          subject,
          fmt::format("whether {} is there could not be told: {}", action, error.message()),
          error.kind() == ErrorKind::transient || error.kind() == ErrorKind::throttled
              ? "try again in a minute"
              : fmt::format("see in IAM that the user has it: {}", action));
    }
    return true;
  }

  CloudAccess& cloud_;
  Findings& findings_;
  std::set<std::string> lacking_;
  std::set<std::string> unknown_;
};

std::string remedy_of_state(std::string_view operation, const std::string& id,
                            const std::string& state) {
  if (!operation.starts_with("pca")) return "see in the console why it is not issued";
  if (state == "DISABLED") return fmt::format("ccmctl ca enable {}", id);
  if (state == "PENDING") return fmt::format("ccmctl ca activate {} --help", id);
  if (state == "DELETED") return fmt::format("ccmctl ca restore {}", id);
  return "name another issuer";
}

// What the settings name in the cloud, and whether it can be used.
void examine_named(Workspace& workspace, CloudAccess& cloud, Findings& findings) {
  const auto settings = workspace.settings();
  if (!settings) return;
  std::set<std::pair<std::string, std::string>> named;
  for (const auto& each : **settings) {
    for (const auto& spec : each.config.certificates()) {
      if (const auto* pca = std::get_if<config::PcaSource>(&spec.source)) {
        named.insert({"pca.ShowCertificateAuthority", pca->issuer_id});
      } else if (const auto& scm = std::get<config::ScmSource>(spec.source);
                 !scm.certificate_id.empty()) {
        named.insert({"scm.ShowCertificate", scm.certificate_id});
      }
    }
  }
  constexpr std::array<std::string_view, 3> kUsable = {"ACTIVED", "ISSUED", "UPLOAD"};
  for (const auto& [operation, id] : named) {
    const bool is_authority = operation.starts_with("pca");
    const std::string subject = fmt::format("{} {}", is_authority ? "CA" : "certificate", id);
    const auto answer = cloud.call(operation, {{is_authority ? "ca_id" : "certificate_id", id}});
    if (!answer) {
      if (is_lack_of_permission(answer.error())) continue;
      findings.bad(subject, answer.error().message(),
                   is_authority ? "name the issuer as ccmctl ca list shows it"
                                : "name the certificate as ccmctl certificates list shows it");
      continue;
    }
    const std::string state = answer->root()["status"].text();
    if (std::find(kUsable.begin(), kUsable.end(), state) != kUsable.end()) {
      findings.good(subject, fmt::format("is {}", state));
    } else {
      findings.bad(subject, fmt::format("is {}", printable(state)),
                   remedy_of_state(operation, id, state));
    }
  }
}

}  // namespace

bool examine_account(CloudAccess& cloud, Findings& findings) {
  const std::string& source = cloud.credentials_source();
  const auto credentials = cloud.credentials().current();
  if (!credentials) {
    findings.bad("credentials", credentials.error().message(),
                 source == "the ECS metadata service"
                     ? "give the ECS instance an agency with the needed permissions, or name a "
                       "credentials file"
                     : fmt::format("correct {}", source));
    return false;
  }
  const auto answer = cloud.call("iam.KeystoneListAuthDomains", {});
  if (!answer) {
    const bool is_refused = answer.error().kind() == ErrorKind::unauthorized;
    findings.add({is_refused ? Verdict::bad : Verdict::doubtful, "credentials",
                  fmt::format("from {}: {}", source, answer.error().message()),
                  is_refused ? "see in IAM (My Credentials, Access Keys) that the key is enabled, "
                               "and correct or replace it; five refusals lock it for a while"
                             : "try again in a minute"});
    return !is_refused;
  }
  const auto domains = answer->root()["domains"].elements();
  if (domains.empty()) {
    findings.doubtful("credentials", fmt::format("from {}: valid, of no account", source),
                      "use an access key of an IAM user of the account that has the certificates");
    return true;
  }
  findings.good("credentials", fmt::format("from {}: valid, of account {} ({})", source,
                                           printable(domains.front()["name"].text()),
                                           printable(domains.front()["id"].text())));
  return true;
}

void examine_permissions(Workspace& workspace, CloudAccess& cloud,
                         const std::set<SourceKind>& kinds, Findings& findings) {
  const std::vector<Need> needs = needs_of(kinds);
  Permissions permissions(cloud, findings);
  for (const Need& need : needs) {
    if (!permissions.try_out(need)) return;
  }
  std::string policy = "ccmctl policy";
  const auto settings = workspace.settings();
  if (!settings || (*settings)->empty()) policy += " --source scm --source pca";
  permissions.sum_up(actions_of(needs), policy);
  examine_named(workspace, cloud, findings);
}

}  // namespace ccm::cli
