// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "cli/doctor/doctor.h"
#include "cli/host/agents.h"
#include "crypto/key/key_pair.h"
#include "crypto/key/signing_request.h"
#include "store/host/effective_settings.h"

namespace ccm::cli {
namespace {

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

Result<Words> trial_of(const sources::CloudNeed& call) {
  Words words;
  for (const auto& [parameter, value] : call.trial) words.emplace_back(parameter, value);
  for (auto& [parameter, value] : words) {
    if (parameter != "csr" || !value.empty()) continue;
    auto request = make_request();
    if (!request) return pass(std::move(request));
    value = *std::move(request);
  }
  return words;
}

class Permissions {
 public:
  Permissions(CloudAccess& cloud, Findings& findings) : cloud_(cloud), findings_(findings) {}

  // False when the credentials were refused, because more refusals would lock them.
  bool try_out(const Need& need) {
    const std::string subject = need.operation->full_name();
    const auto trial = trial_of(*need.call);
    if (!trial) {
      findings_.doubtful(subject, trial.error().message(), "try again");
      return true;
    }
    const auto answer = cloud_.call(*need.operation, to_arguments(*trial));
    return judge(need, subject, answer);
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
  bool judge(const Need& need, const std::string& subject, const Result<Answer>& answer) {
    const std::string action(need.operation->iam_action);
    if (answer) {
      findings_.good(subject, fmt::format("permitted ({}), {}", action, need.call->purpose));
      return true;
    }
    const Error& error = answer.error();
    if (error.kind() == ErrorKind::unauthorized) {
      findings_.bad("credentials", error.message(), "give the right ones; then ask again");
      return false;
    }
    if (is_lack_of_permission(error)) {
      lacking_.insert(action);
      findings_.bad(
          subject,
          fmt::format("{} is lacking, {}: {}", action, need.call->purpose, error.message()),
          "ccmctl policy shows what the user or agency needs");
    } else if (!need.call->reads && says_there_is_none(error)) {
      findings_.good(
          subject, fmt::format("permitted ({}) as far as can be seen without doing it, {}", action,
                               need.call->purpose));
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

// An object in the cloud that the settings name, and the certificates that need it.
struct Named {
  const sources::SourceDriver* driver;
  sources::NamedObject object;
};

std::map<std::pair<std::string_view, std::string>, Named> named_by(
    const std::vector<store::EffectiveSettings>& settings) {
  std::map<std::pair<std::string_view, std::string>, Named> named;
  for (const auto& each : settings) {
    for (const auto& spec : each.config.certificates()) {
      const sources::SourceDriver& driver = sources::driver_of(spec.source);
      auto object = driver.named(spec.source);
      if (!object) continue;
      const std::pair key(object->operation, object->id);
      named.emplace(key, Named{&driver, *std::move(object)});
    }
  }
  return named;
}

// Whether the objects that the settings name exist in the cloud and can be used.
void examine_named(Workspace& workspace, CloudAccess& cloud, Findings& findings) {
  const auto settings = workspace.settings();
  if (!settings) return;
  for (const auto& [key, named] : named_by(**settings)) {
    const sources::NamedObject& object = named.object;
    const std::string subject = fmt::format("{} {}", object.title, object.id);
    const auto answer = cloud.call(object.operation, {{std::string(object.parameter), object.id}});
    if (!answer) {
      if (is_lack_of_permission(answer.error())) continue;
      findings.bad(subject, answer.error().message(), std::string(object.advice));
      continue;
    }
    const std::string state = answer->root()["status"].text();
    const auto usable = named.driver->usable_states;
    if (std::find(usable.begin(), usable.end(), state) != usable.end()) {
      findings.good(subject, fmt::format("is {}", state));
    } else {
      findings.bad(subject, fmt::format("is {}", printable(state)),
                   named.driver->remedy(object, state));
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

void examine_permissions(Workspace& workspace, CloudAccess& cloud, const SourceVariants& variants,
                         Findings& findings) {
  const std::vector<Need> needs = needs_of(variants);
  Permissions permissions(cloud, findings);
  for (const Need& need : needs) {
    if (!permissions.try_out(need)) return;
  }
  std::string policy = "ccmctl policy";
  const auto settings = workspace.settings();
  if (!settings || (*settings)->empty()) {
    for (const std::string_view name : usual_variants())
      policy += fmt::format(" --source {}", name);
  }
  permissions.sum_up(actions_of(needs), policy);
  examine_named(workspace, cloud, findings);
}

}  // namespace ccm::cli
