// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "base/silent_workers.h"

namespace ccm {
namespace {

TEST(SilentWorkers, AreThoseThatHaveGivenNoSignForLong) {
  const std::vector<WorkerSign> fine{{.pid = 1, .silence = Seconds(0)},
                                     {.pid = 2, .silence = kLongestWorkerSilence}};
  EXPECT_EQ(silent_among({}), SilentWorkers());
  EXPECT_EQ(silent_among(fine), SilentWorkers());
  const std::vector<WorkerSign> bad{{.pid = 1, .silence = Seconds(20)},
                                    {.pid = 2, .silence = Seconds(1)},
                                    {.pid = 3, .silence = Seconds(40)},
                                    {.pid = 4, .silence = kLongestWorkerSilence + Seconds(1)}};
  EXPECT_EQ(silent_among(bad), (SilentWorkers{.count = 3, .longest = 3, .silence = Seconds(40)}));
}

TEST(SilentWorkers, AreNamedByTheOneThatIsSilentTheLongest) {
  EXPECT_EQ(sentence_of({.count = 1, .longest = 71, .silence = Seconds(12)}),
            "worker process 71 has given no sign of life for 12s: it is stopped or hangs, "
            "and clients that have come to it get no answer");
  EXPECT_EQ(sentence_of({.count = 3, .longest = 71, .silence = Seconds(12)}),
            "3 worker processes have given no sign of life, process 71 for 12s: they are "
            "stopped or hang, and clients that have come to them get no answer");
}

}  // namespace
}  // namespace ccm
