// SPDX-License-Identifier: Apache-2.0
// The file in which a living agent shows, to everyone who may read the store, when it last gave a
// sign of life, whether it leads, what is wrong with it, and which version of each certificate it
// has published to its server. "agent-KIND-INSTANCE" in the state directory:
//
//   Header | one Row per certificate, sorted by key | Trailer: workers that are silent
//
// The agent writes in place, so that a sign of life costs 8 bytes and a renewal 16, however many
// certificates there are. The file holds no secret.
//
// Two locks of the kernel (F_OFD_SETLK), which no dead process can hold, say who lives:
//   byte 0  held by the agent while it lives
//   byte 1  held by the server: the agent opens the file once more, locks, and sends the descriptor
//           over the lifeline, where it waits, unread, until the server's end of the lifeline is
//           closed. So the server need not know of it, and the lock tells that it runs, also when
//           no agent is left.
// Where the file system has no such locks, the age of the last sign of life decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/agent_flaws.h"
#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "base/silent_workers.h"
#include "store/host/server_id.h"
#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::string_view kPresencePrefix = "agent-";
std::string presence_path(const std::string& state_path, const ServerId& server);

// One certificate in the file.
struct PresenceRow {
  std::uint64_t key = 0;  // from the name's SHA-256
  VersionNumber version = 0;
};

// The agent's side. Main thread only.
class Presence {
 public:
  struct Facts {
    ServerId server;
    std::uint32_t pid = 0;
    Time since{};
    std::vector<std::string> names = {};  // of the certificates that it publishes
  };
  Presence(const std::string& state_path, Facts facts);

  // Takes the file over for this agent, unless it has it already. `transient` while another agent
  // of the same server still lives.
  Result<void> claim(SteadyTime now);
  // A descriptor with the server's lock, to be sent to the server; none when the server has it
  // already, or when the file system has no locks.
  FileDescriptor lock_for_server() const;

  // Gives a sign of life, after claim() has succeeded. Fails when it cannot be written.
  Result<void> beat(SteadyTime now) const;

  // What these report is remembered until claim() has succeeded. A full disk loses only that.
  void serves(std::string_view name, VersionNumber version) noexcept;
  void leads() noexcept;
  void has(AgentFlaws flaws) noexcept;
  // Tells which workers of the server are silent at this moment.
  void sees(const SilentWorkers& silent, SteadyTime now) noexcept;

 private:
  bool is_in_place() const;
  void write_all(SteadyTime now);
  void write_head(SteadyTime now) const noexcept;
  void write_trailer() const noexcept;

  std::string path_;
  Facts facts_;
  bool leads_ = false;
  AgentFlaws flaws_;
  std::vector<PresenceRow> rows_;
  SilentWorkers silent_;
  SteadyTime silent_since_{};  // the last sign of the one that is silent the longest
  std::uint64_t sequence_ = 0;
  FileDescriptor file_;  // with the agent's lock
};

// The reader's side. Any thread.
struct AgentSighting {
  bool is_alive = false;             // its process exists
  bool has_server = false;           // its server runs with the configuration that it works for
  std::uint32_t pid = 0;             // 0: there was never an agent
  Time since{};                      // when it started
  std::optional<Time> last_seen;     // when it last wrote anything
  std::optional<Seconds> silence{};  // since its last sign of life, if it is alive
  bool leads = false;
  AgentFlaws flaws{};
  SilentWorkers silent_workers{};  // as a living agent sees them
  std::vector<PresenceRow> rows = {};

  // Whether its last sign of life is older than a healthy agent's can be.
  bool is_frozen() const noexcept;
  // Whether it is older than a sign that came in time, so that it may be frozen soon.
  bool is_late() const noexcept;
  // The version that it has published last; nullopt: none, or it does not know the certificate.
  std::optional<VersionNumber> serves(std::string_view name) const;
};
// Only defaults when there is no readable file.
AgentSighting look_at_agent(const std::string& state_path, const ServerId& server, SteadyTime now);

}  // namespace ccm::store
