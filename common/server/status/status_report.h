// SPDX-License-Identifier: Apache-2.0
// The status of a running server, gathered by one of its workers from the agent's notes
// (publication/status.h), the publication, and the counts of all workers. Values; made for one
// answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/condition.h"
#include "config/config.h"
#include "config/input/wire.h"
#include "publication/reader.h"
#include "publication/status.h"
#include "publication/worker_beats.h"
#include "server/watch/worker_rows.h"

namespace ccm::server {

// An agent gives a sign of life every five seconds.
inline constexpr Seconds kLongestSilence{9};

enum class Health : std::uint8_t { good, warning, bad };
std::string_view to_string(Health level) noexcept;

struct CertificateReport {
  const config::CertificateSpec* spec = nullptr;
  std::optional<std::uint32_t> slot = {};  // of the segment
  publication::CertificateStatus told;
  bool is_told = false;
  bool has_server = true;        // that shows it; otherwise other programs read it from the store
  std::uint64_t generation = 0;  // published by now; 0: nothing
  Health level = Health::good;
  Condition condition = Condition::unknown;
  std::uint32_t showing = 0;  // workers that have shown this generation
  std::uint32_t behind = 0;   // workers that have shown an older generation, and nothing since

  // Whether the published version is the stored one; true without a server.
  bool is_served() const noexcept;
};

struct WorkerReport {
  pid_t pid = 0;
  Counts counts{};
  std::optional<Seconds> silence = {};  // since its last sign of life; nullopt: it gives none
  std::uint32_t behind = 0;  // certificates of which this worker has last shown an older generation
};

struct CatalogueReport {
  std::string name;
  std::uint64_t certificates = 0;
  std::uint64_t names = 0;  // that clients can ask for
  bool is_of_account = false;

  // Whether no certificate of the account is here: none has come yet, or the store has lost them.
  bool lacks_all() const noexcept { return is_of_account && certificates == 0; }
};

struct StatusReport {
  Time now{};
  config::ServerKind server = config::ServerKind::none;
  std::string region;
  std::optional<publication::AgentStatus> agent;
  std::optional<Seconds> silence;  // since the agent's last sign of life; nullopt: it gave none
  bool agent_lives = false;
  // Of a host in a fleet; nullopt: its agent has not said it.
  std::optional<publication::FleetHostsStatus> fleet_hosts;
  std::vector<publication::CallStatus> calls;
  std::vector<WorkerReport> workers;
  SilentWorkers silent_workers{};  // also those of an earlier configuration
  Counts sums{};
  std::vector<CertificateReport> certificates;  // the worst first
  std::map<Condition, std::size_t> conditions;  // each of kConditions
  std::vector<CatalogueReport> catalogues;

  // Whether this host is in a fleet and gets nothing new from it.
  bool has_lost_fleet() const noexcept;
  // Whether it follows its fleet and knows of no host that leads: then nothing is renewed.
  bool has_no_leader() const noexcept;
  // How the fleet's hosts are; nullptr: this host is in none, or has not heard of it.
  const FleetOverview* fleet_overview() const noexcept;
  std::size_t count(Health level) const noexcept;
  // The level of the whole server.
  Health level() const noexcept;
};

struct StatusSources {
  const config::Config* config = nullptr;
  const publication::Reader* reader = nullptr;  // nullptr: there is nothing to serve
  const WorkerRows& rows;
  const publication::WorkerBeats* beats = nullptr;  // nullptr: there is no memory for them
  config::ServerKind server = config::ServerKind::none;
};
StatusReport gather(const StatusSources& sources, Time now, SteadyTime steady);

}  // namespace ccm::server
