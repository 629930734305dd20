// SPDX-License-Identifier: Apache-2.0
// What a host of a fleet says of itself, for `ccmctl fleet status` on any of them. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fleet/etcd/etcd_messages.h"
#include "store/store_reader.h"

namespace ccm::fleet {

// Certificates whose newest head a host could not take in, each with the reason.
using FailedCopies = std::map<std::string, std::string>;

struct HostReport {
  std::string host;                   // its name
  std::string agent = {};             // its agent's version
  Time written{};                     // by its own clock
  std::optional<Seconds> ahead = {};  // its clock, of etcd's; nullopt: not known
  EtcdRevision followed = 0;          // what was written to etcd later is not in its copy
  FailedCopies failed = {};           // the first of them
};
std::string serialize(const HostReport& report);
// `invalid` for what no host writes.
Result<HostReport> parse_report(std::string_view text);

// A certificate as the fleet has it now.
struct KnownCertificate {
  std::string name;
  store::VersionNumber current = 0;
  EtcdRevision modified = 0;  // of its head
};
// What a host does not have, or not the newest of.
std::vector<KnownCertificate> behind_on(const HostReport& report,
                                        const std::vector<KnownCertificate>& all);

// How long ago a report was written, and by how much the host's clock is ahead of the reader's, if
// that is known. `now` is the reader's time, and `ahead` its clock's difference to etcd's.
struct ReportAge {
  Seconds age{};
  std::optional<Seconds> clock_ahead = {};
};
ReportAge age_of(const HostReport& report, Time now, std::optional<Seconds> ahead);

}  // namespace ccm::fleet
