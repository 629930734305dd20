// SPDX-License-Identifier: Apache-2.0
// What the workers of one server have counted of the canaries that are under way (staging.h):
// "canary-nginx-1f2e3d4c" in the state directory, written by the server's agent every second in
// which something was counted, and read by the agent that leads, which decides from the sum of the
// servers of its host, and by ccmctl. There is none while nothing is tried out.
//
// Nothing depends on it but the verdict: without it a canary goes on to its end. It survives the
// agent, so the next one counts on. One thread writes; any process may read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/canary_tally.h"
#include "store/host/server_id.h"
#include "store/staging.h"

namespace ccm::store {

inline constexpr std::string_view kCanaryPrefix = "canary-";
std::string canary_path(const std::string& state_path, const ServerId& server);

// Of one certificate.
struct CanaryCounted {
  Canary canary;
  // The server's memory for it (publication/canary_board.h), and what stood there then.
  std::uint64_t board = 0;
  CanaryTally seen = {};
  CanaryTally total = {};  // since the canary began

  bool operator==(const CanaryCounted&) const = default;
};
using CanariesCounted = std::map<std::string, CanaryCounted, std::less<>>;

// Empty when there is no such file, or none that makes sense.
CanariesCounted read_canaries(const std::string& state_path, const ServerId& server);
// Removes the file when there is nothing to keep.
Result<void> write_canaries(const std::string& state_path, const ServerId& server,
                            const CanariesCounted& counted);

// The sum of all servers of this state directory.
CanaryTally canary_tally(const std::string& state_path, const std::string& name,
                         const Canary& canary);

}  // namespace ccm::store
