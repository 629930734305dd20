// SPDX-License-Identifier: Apache-2.0
// What is known about this host's certificates from the store and the servers' settings. Changes
// nothing and does not call the cloud. Values; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/canary_tally.h"
#include "base/clock.h"
#include "base/condition.h"
#include "base/result.h"
#include "cli/host/agents.h"
#include "cli/output/terminal.h"
#include "cli/workspace/workspace.h"
#include "crypto/key/key_type.h"
#include "lifecycle/attempt/activation.h"
#include "lifecycle/schedule/state.h"
#include "store/store_reader.h"

namespace ccm::cli {

// How a running server serves a certificate that it names.
struct Serving {
  std::string server;  // its title (agents.h)
  AgentCondition condition = AgentCondition::works;
  std::optional<store::VersionNumber> version;  // nullopt: none, or not known yet
  bool is_starting = false;                     // its agent has just begun
};

// The installed version, as far as it was read.
struct Installed {
  store::VersionInfo info;
  std::vector<std::string> names = {};                       // of the leaf
  std::optional<crypto::KeyType> key = {};                   // of the leaf, where it was read
  std::optional<store::StoredCertificate> certificate = {};  // Depth::files
};

// How much of a certificate is read.
enum class Depth : std::uint8_t {
  records,  // its records, and the leaf only if no server names it
  leaf,     // also the leaf, for its names
  files,    // everything, with every checksum and the key
};

struct Overview {
  std::string name;
  const config::CertificateSpec* spec = nullptr;  // nullptr: no server names it any more
  std::optional<Installed> installed;
  std::optional<Error> damage;
  lifecycle::State state;
  std::uint64_t state_version = 0;  // of the record the state came from; 0: none
  store::VersionNumber held = 0;
  store::VersionNumber refused_canary = 0;  // why that version is held; 0: an operator wants it
  std::optional<lifecycle::Activation> staged = {};  // a version that waits, or is tried out, …
  CanaryTally canary = {};                           // … and what was counted then
  std::vector<Serving> servings = {};
  bool is_left = false;        // no server of this host names it any more, and none has a catalogue
  bool is_catalogued = false;  // no server names it, and one shows it from a catalogue
  bool is_forgotten = false;   // the operator has said that it may go (store/forgetting.h)

  // What went wrong last; nullptr when nothing did.
  const Error* error() const noexcept;
  bool is_held() const noexcept { return installed && installed->info.number == held; }
  // Whether every running server shows the installed version.
  bool is_served() const noexcept;
};

// Of all certificates, sorted by name.
Result<std::vector<Overview>> look_at_all(Workspace& workspace, Depth depth = Depth::records);
// These certificates, in this order, without names that nobody knows.
Result<std::vector<Overview>> look_at_named(Workspace& workspace,
                                            std::span<const std::string> names, Depth depth);
// Their names.
Result<std::set<std::string>> names_of_all(Workspace& workspace);
// With Depth::files. nullopt, after a message, when neither the store nor a server knows the name,
// or when there is no store.
Result<std::optional<Overview>> look_at(Workspace& workspace, const std::string& name);
// Says "there is no certificate …" on standard error.
void say_unknown(const std::string& name);
// The state record of a certificate; Absent and 0 when there is none.
std::pair<lifecycle::State, std::uint64_t> read_state(const store::StoreReader& store,
                                                      const std::string& name);

// How a certificate is, and how bad that is.
struct Health {
  Condition condition;
  Colour colour;

  std::string_view word() const noexcept { return word_of(condition); }
};
Health health_of(const Overview& overview, Time now) noexcept;
// Whether somebody should look at it: a server names it, and it is anything but valid.
bool is_trouble(const Overview& overview, Time now) noexcept;
// The worst first; equals by the end of their validity, then by name.
void sort_by_need(std::vector<Overview>& overviews, Time now);
// "www.example.com, example.com": the configured names or, without a server, those in the
// certificate.
std::string names_of(const Overview& overview);
// As the settings describe the source (config::SourceFacts) or, without a server, where the
// certificate came from.
std::string source_of(const Overview& overview);
// "nginx 5, apache 4 (agent dead)"; empty when no running server has it.
std::string served_text(const Overview& overview);
// "renewal in 29d 3h", "next try in 5m 2s", "version 5 in 3h 10m".
std::string next_step(const Overview& overview, Time now);
// The part of its life that is left: "███████░░░ 62d 3h".
std::string bar(const store::VersionInfo& info, Time now);
// The same without the blocks: "62d 3h".
std::string time_left(const store::VersionInfo& info, Time now);

}  // namespace ccm::cli
