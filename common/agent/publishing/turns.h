// SPDX-License-Identifier: Apache-2.0
// Gives each of a number of things its turn, one after the other. How many have it depends on the
// time that has passed, not on how often somebody asks. Belongs to one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace ccm::agent {

// What has other means of noticing, and takes turns only to be sure: a minute of it costs the same
// with any number of certificates. Of 10,000, each has its turn within three hours.
inline constexpr Seconds kLeisurely{1};

class Turns {
 public:
  // Which of `count` things have their turn, with one turn for each `each` that has passed since
  // the last call, none at the first call, and at most one for each of them.
  std::vector<std::size_t> due(SteadyTime now, SteadyTime::duration each, std::size_t count);

 private:
  std::optional<SteadyTime> last_;  // up to when turns were taken
  std::size_t whose_ = 0;
};

}  // namespace ccm::agent
