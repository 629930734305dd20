// SPDX-License-Identifier: Apache-2.0
// Gives each of a number of things its turn, one after the other. How many get their turn depends
// on the time that has passed, not on how often somebody asks. Belongs to one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace ccm::agent {

// For things that are usually noticed in another way and are looked at in turns only to be sure: a
// minute costs the same with any number of certificates. Each of 10,000 has its turn within three
// hours.
inline constexpr Seconds kLeisurely{1};

class Turns {
 public:
  // Which of `count` things have their turn: one for each `each` that has passed since the last
  // call, none at the first call, and each thing at most once.
  std::vector<std::size_t> due(SteadyTime now, SteadyTime::duration each, std::size_t count);

 private:
  std::optional<SteadyTime> last_;  // turns were given until then
  std::size_t whose_ = 0;
};

}  // namespace ccm::agent
