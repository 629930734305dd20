// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/sentences.h"
#include "base/text.h"
#include "cli/doctor/doctor.h"
#include "cli/host/state_directory.h"

namespace ccm::cli {
namespace {

// Each trial takes a few calls, and the first one already shows a missing permission.
constexpr std::size_t kMostTrials = 20;
constexpr std::size_t kProofsTold = 3;

std::string describe_order(const sources::OrderView& order, Time now) {
  // Two names may share one DNS record.
  std::set<std::string> all;
  for (const auto& [proof, value] : order.proofs) all.insert(proof);
  const std::vector<std::string> proofs(all.begin(), all.end());
  const Seconds age = std::max(now - order.since, Seconds::zero());
  return fmt::format("{} is {} ({}) since {}, for {}{}{}: {}", order.id, order.step,
                     printable(order.status), format_time(order.since), format_duration(age),
                     proofs.empty() ? "" : ", with ", enumerated(proofs, kProofsTold),
                     printable(order.waits_for));
}

void examine_order(const std::string& name, const sources::OrderView& order, Time now,
                   Findings& findings) {
  const std::string subject = fmt::format("order of {}", name);
  const std::string sentence = describe_order(order, now);
  if (order.is_stopped) {
    findings.bad(subject, sentence,
                 fmt::format("correct that, then: ccmctl orders retry {}", shell_word(name)));
  } else if (order.lacks_proof) {
    findings.doubtful(subject, sentence,
                      fmt::format("ccmctl orders show {} says what the proof is; everybody must be "
                                  "able to see it",
                                  shell_word(name)));
  } else if (order.is_late) {
    findings.doubtful(subject, sentence + ", longer than usual",
                      "ask the cloud's technical support");
  } else {
    findings.good(subject, sentence);
  }
}

using Trials = std::map<config::CredentialsSpec, std::vector<sources::SideTrial>>;

// What the settings need other credentials for, each once.
Trials trials_of(const std::vector<store::EffectiveSettings>& settings) {
  Trials trials;
  std::set<std::pair<config::CredentialsSpec, std::string>> seen;
  for (const auto& each : settings) {
    for (const config::CredentialsSpec& spec : each.config.further_credentials()) trials[spec];
    for (const auto& spec : each.config.certificates()) {
      const auto& list = sources::driver_of(spec.source).side_trials;
      if (list == nullptr) continue;
      for (sources::SideTrial& trial : list(spec)) {
        const config::CredentialsSpec credentials =
            trial.credentials.value_or(each.config.global().credentials);
        if (!seen.emplace(credentials, trial.subject).second) continue;
        trials[credentials].push_back(std::move(trial));
      }
    }
  }
  return trials;
}

void examine_with(Workspace& workspace, const config::CredentialsSpec& credentials,
                  const std::vector<sources::SideTrial>& trials, Findings& findings) {
  const auto usual = workspace.global();
  const bool is_usual = usual && *usual != nullptr && (*usual)->credentials == credentials;
  auto cloud = workspace.cloud_with(credentials);
  if (!cloud) {
    findings.bad("credentials", cloud.error().message(),
                 fmt::format("correct {}", config::to_string(credentials)));
    return;
  }
  // The usual credentials have been examined already.
  if (!is_usual && !examine_account(**cloud, findings)) return;
  for (std::size_t i = 0; i < std::min(trials.size(), kMostTrials); ++i) {
    const sources::SideTrial& trial = trials[i];
    const Result<std::string> found = trial.run((*cloud)->session(), (*cloud)->endpoints());
    if (found) {
      findings.good(trial.subject, *found);
      continue;
    }
    const bool is_passing = found.error().kind() == ErrorKind::transient ||
                            found.error().kind() == ErrorKind::throttled;
    findings.add({is_passing ? Verdict::doubtful : Verdict::bad, trial.subject,
                  found.error().message(),
                  is_passing ? std::string("try again in a minute") : trial.remedy});
  }
}

}  // namespace

void examine_orders(Workspace& workspace, Findings& findings) {
  if (find_wrong_directory(workspace.options)) return;
  const auto names = workspace.store().names();
  if (!names) return;
  const Time now = workspace.clock().now();
  for (const std::string& name : *names) {
    // A damaged record has a finding elsewhere.
    const auto order = sources::find_order(workspace.store(), name);
    if (order && *order) examine_order(name, **order, now, findings);
  }
}

void examine_further_credentials(Workspace& workspace, Findings& findings) {
  const auto settings = workspace.settings();
  if (!settings) return;
  for (const auto& [credentials, trials] : trials_of(**settings)) {
    examine_with(workspace, credentials, trials, findings);
  }
}

}  // namespace ccm::cli
