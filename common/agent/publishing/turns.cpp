// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/turns.h"

#include <algorithm>

namespace ccm::agent {

// The rest of a turn counts at the next call.
std::vector<std::size_t> Turns::due(SteadyTime now, SteadyTime::duration each, std::size_t count) {
  if (!last_) last_ = now;
  const auto passed = std::max<SteadyTime::rep>((now - *last_) / each, 0);
  *last_ += passed * each;
  std::vector<std::size_t> turns(std::min(count, static_cast<std::size_t>(passed)));
  for (std::size_t& turn : turns) {
    if (whose_ >= count) whose_ = 0;
    turn = whose_++;
  }
  return turns;
}

}  // namespace ccm::agent
