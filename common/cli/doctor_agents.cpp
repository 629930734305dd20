#include <fmt/format.h>

#include "cli/agents.h"
#include "cli/doctor.h"

namespace ccm::cli {
namespace {

std::string removal_of(const std::string& state_path, const EffectiveSettings& server) {
  return fmt::format(
      "{}; if it is gone for good, or has no ccm configuration any more, remove what it left: "
      "rm {} {}",
      remedy_of(server), shell_word(lifecycle::effective_settings_path(state_path, server.server)),
      shell_word(lifecycle::presence_path(state_path, server.server)));
}

}  // namespace

void examine_agents(Workspace& workspace, Findings& findings) {
  const auto settings = workspace.settings();
  if (!settings) return;
  const std::string& state_path = workspace.options.state_directory;
  for (const EffectiveSettings& server : **settings) {
    const std::string subject = fmt::format("server {}", title_of(server, **settings));
    const std::string sentence = describe(server.seen);
    switch (condition_of(server.seen)) {
      case AgentCondition::works:
        findings.good(subject, sentence);
        break;
      case AgentCondition::frozen:
        findings.bad(subject, fmt::format("{}, so nothing new is served", sentence),
                     remedy_of(server));
        break;
      case AgentCondition::dead:
        findings.bad(
            subject,
            fmt::format("{}, while the server goes on: nothing new is served, nothing renewed",
                        sentence),
            remedy_of(server));
        break;
      case AgentCondition::stopped:
        findings.doubtful(subject, sentence, removal_of(state_path, server));
        break;
    }
  }
}

}  // namespace ccm::cli
