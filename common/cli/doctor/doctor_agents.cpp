// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "cli/doctor/doctor.h"
#include "cli/host/agents.h"
#include "store/host/trouble.h"

namespace ccm::cli {
namespace {

constexpr std::size_t kLongestProgram = 64;

std::string removal_of(const std::string& state_path, const EffectiveSettings& server) {
  return fmt::format(
      "{}; if it is gone for good, or has no ccm configuration any more, remove what it left: "
      "rm {} {}",
      remedy_of(server), shell_word(store::effective_settings_path(state_path, server.server)),
      shell_word(store::presence_path(state_path, server.server)));
}

// Why an agent does not stay alive; empty when it does.
std::string trouble_of(const std::string& state_path, const store::ServerId& server) {
  const auto trouble = store::read_trouble(state_path, server);
  if (!trouble) return {};
  return fmt::format("; it has died {}, the last time at {}{}{}",
                     trouble->deaths == 1 ? "once" : fmt::format("{} times", trouble->deaths),
                     format_time(trouble->last), trouble->last_words.empty() ? "" : ": ",
                     printable(trouble->last_words));
}

bool is_first_death(const std::string& state_path, const store::ServerId& server) {
  const auto trouble = store::read_trouble(state_path, server);
  return trouble && trouble->deaths == 1;
}

// The number comes from a file of the agent's account, so root must not trust it.
bool may_be_a_worker(pid_t process) {
  const std::string path = fmt::format("/proc/{}", process);
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || status.st_uid == 0) return false;
  const std::string program(trim(read_file(path + "/comm", kLongestProgram).value_or("")));
  return program == "nginx" || program == "apache2" || program == "httpd";
}

// For a server whose agent works.
void examine_troubles(const std::string& state_path, const store::AgentSighting& seen,
                      const std::string& subject, Findings& findings) {
  for (const AgentFlaw flaw : seen.flaws.list()) {
    findings.bad(subject, std::string(sentence_of(flaw)),
                 flaw == AgentFlaw::unwritable_state
                     ? fmt::format("make room there, or mount it for writing: df -h {0}; df -i "
                                   "{0}; mount",
                                   shell_word(state_path))
                     : "put it right before the agent ends");
  }
  if (seen.silent_workers.count == 0) return;
  const pid_t worker = seen.silent_workers.longest;
  findings.bad(subject, sentence_of(seen.silent_workers),
               may_be_a_worker(worker)
                   ? fmt::format("if somebody has stopped it: kill -CONT {0}; if it hangs: kill -9 "
                                 "{0}, and the server starts another one",
                                 worker)
                   : "look at the server's own processes: that one is none of its workers");
}

void examine_one(const std::string& state_path, const EffectiveSettings& server,
                 const std::string& subject, Findings& findings) {
  const std::string trouble = trouble_of(state_path, server.server);
  const AgentCondition condition = condition_of(server.seen);
  const bool is_unable = condition == AgentCondition::stopped && !trouble.empty();
  const std::string sentence =
      (is_unable ? std::string("its agent cannot work") : describe(server.seen)) + trouble;
  const std::string remedy = trouble.empty() || !remedy_of(server).empty()
                                 ? remedy_of(server)
                                 : "correct that; the server's error log says more";
  switch (condition) {
    case AgentCondition::works:
      examine_troubles(state_path, server.seen, subject, findings);
      if (trouble.empty()) return findings.good(subject, sentence);
      // A single death may be an accident.
      if (is_first_death(state_path, server.server)) {
        return findings.doubtful(subject, sentence, remedy);
      }
      return findings.bad(subject, sentence, remedy);
    case AgentCondition::frozen:
      return findings.bad(subject, fmt::format("{}; nothing new is served", sentence), remedy);
    case AgentCondition::dead:
      return findings.bad(
          subject,
          fmt::format("{}; the server goes on, nothing new is served, nothing renewed", sentence),
          remedy);
    case AgentCondition::stopped:
      if (is_unable) {
        return findings.bad(subject, sentence,
                            fmt::format("correct that, then: {}", reload_of(server.server.kind)));
      }
      return findings.doubtful(subject, sentence, removal_of(state_path, server));
  }
}

// Agents that could not write their settings.
void examine_strangers(const std::string& state_path, const std::vector<EffectiveSettings>& servers,
                       Findings& findings) {
  for (const auto& server : store::servers_with(state_path, store::kTroublePrefix)) {
    const bool is_known =
        std::any_of(servers.begin(), servers.end(),
                    [&](const EffectiveSettings& each) { return each.server == server; });
    const std::string trouble = trouble_of(state_path, server);
    if (is_known || trouble.empty()) continue;
    findings.bad(fmt::format("server {}", store::name_of(server.kind)),
                 "its agent cannot work here" + trouble,
                 fmt::format("correct that, then: {}", reload_of(server.kind)));
  }
}

}  // namespace

void examine_agents(Workspace& workspace, Findings& findings) {
  const auto settings = workspace.settings();
  if (!settings) return;
  const std::string& state_path = workspace.options.state_directory;
  for (const EffectiveSettings& server : **settings) {
    const std::string subject = fmt::format("server {}", title_of(server, **settings));
    examine_one(state_path, server, subject, findings);
  }
  examine_strangers(state_path, **settings, findings);
}

}  // namespace ccm::cli
