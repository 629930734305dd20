// SPDX-License-Identifier: Apache-2.0
#include "base/agent_flaws.h"

namespace ccm {

std::string_view word_of(AgentFlaw flaw) noexcept {
  switch (flaw) {
    case AgentFlaw::unusable_files:
      return "unusable_files";
    case AgentFlaw::moved_state:
      return "moved_state";
    case AgentFlaw::unwritable_state:
      break;
  }
  return "unwritable_state";
}

std::string_view sentence_of(AgentFlaw flaw) noexcept {
  switch (flaw) {
    case AgentFlaw::unusable_files:
      return "a file that the agent needs to reach the cloud or the fleet is gone or cannot be "
             "used "
             "any more; the agent goes on with what it has read, the next one cannot, and the "
             "server's error log says which file it is";
    case AgentFlaw::moved_state:
      return "the state directory is not in its place any more; the agent goes on where it was "
             "moved to, the next one cannot";
    case AgentFlaw::unwritable_state:
      break;
  }
  return "the agent cannot write to the state directory, because it is full, over a quota or "
         "read-only; what it "
         "holds is served, nothing is renewed, and the server's error log says more";
}

AgentFlaws::AgentFlaws(std::uint32_t bits) noexcept {
  for (const AgentFlaw flaw : kAgentFlaws) bits_ |= bits & bit(flaw);
}

std::vector<AgentFlaw> AgentFlaws::list() const {
  std::vector<AgentFlaw> all;
  for (const AgentFlaw flaw : kAgentFlaws) {
    if (has(flaw)) all.push_back(flaw);
  }
  return all;
}

void AgentFlaws::set(AgentFlaw flaw, bool is_so) noexcept {
  bits_ = is_so ? bits_ | bit(flaw) : bits_ & ~bit(flaw);
}

}  // namespace ccm
