// SPDX-License-Identifier: Apache-2.0
// What the workers of one server have counted of the canaries that are under way (staging.h):
// "canary-nginx-1f2e3d4c" in the state directory, written by the server's agent every second in
// which something was counted, and read by the agent that leads and by ccmctl. There is none while
// nothing is tried out. In a fleet, "canary-fleet" on the host that leads has what the other hosts
// have told of theirs (fleet/hosts/canary_reader.h).
//
// Nothing depends on them but the verdict: without them a canary goes on to its end. They survive
// the agent, so the next one counts on. One thread writes each; any process may read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/canary_tally.h"
#include "base/result.h"
#include "store/host/server_id.h"
#include "store/staging.h"

namespace ccm::store {

inline constexpr std::string_view kCanaryPrefix = "canary-";
std::string canary_path(const std::string& state_path, const ServerId& server);

// The counts of one certificate.
struct CanaryCounted {
  Canary canary;
  // The server's memory for it (publication/canary_board.h), and what stood there then.
  std::uint64_t board = 0;
  CanaryTally seen = {};
  CanaryTally total = {};  // since the canary began

  bool operator==(const CanaryCounted&) const = default;
};
using CanariesCounted = std::map<std::string, CanaryCounted, std::less<>>;

// Empty when there is no such file, or a malformed one.
CanariesCounted read_canaries(const std::string& state_path, const ServerId& server);
// Removes the file when there is nothing to keep.
Result<void> write_canaries(const std::string& state_path, const ServerId& server,
                            const CanariesCounted& counted);

// The totals of all servers of this state directory.
CanariesCounted host_canaries(const std::string& state_path);
// Adds up totals. If two belong to different canaries, the newer one counts, because not everybody
// has heard of it yet.
void add_totals(CanariesCounted& all, const CanariesCounted& more);

// A host and its totals, as hosts of a fleet tell each other.
struct HostCanaries {
  std::string host;  // its name, one word
  CanariesCounted counted;

  bool operator==(const HostCanaries&) const = default;
};
std::string serialize(const HostCanaries& canaries);
// `invalid` for a text that no host writes.
Result<HostCanaries> parse_host_canaries(std::string_view text);

// Removes the file when there are no counts.
Result<void> write_distant_canaries(const std::string& state_path,
                                    const std::vector<HostCanaries>& hosts);

// Stands for several hosts together in write_distant_canaries(); no host has this name.
inline constexpr std::string_view kOtherHosts = "*";

// The content of all those files. Reads them again only when they have changed, so that asking
// costs little. Thread-safe.
class CanaryCounts {
 public:
  explicit CanaryCounts(std::string state_path) : state_path_(std::move(state_path)) {}

  // The counts of this host, which may be empty, then those of the others that have reported.
  HostTallies of(const std::string& name, const Canary& canary);

 private:
  using Stamp = std::tuple<unsigned long, long, long>;
  std::map<std::string, Stamp> look() const;
  void read();

  const std::string state_path_;
  std::mutex mutex_;
  std::optional<std::map<std::string, Stamp>> read_;  // what was read, by path
  CanariesCounted own_;
  std::multimap<std::string, std::pair<std::string, CanaryCounted>, std::less<>> distant_;
};

}  // namespace ccm::store
