// SPDX-License-Identifier: Apache-2.0
// The report of a host of a fleet about itself, for `ccmctl fleet status` on any host. Pure
// functions.
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

// Certificates whose newest head a host could not apply, each with the reason.
using FailedCopies = std::map<std::string, std::string>;

struct HostReport {
  std::string host;                   // its name
  std::string agent = {};             // its agent's version
  Time written{};                     // by its own clock
  std::optional<Seconds> ahead = {};  // of its clock before etcd's; nullopt: not known
  EtcdRevision followed = 0;          // its copy lacks what was written to etcd later
  FailedCopies failed = {};           // the first few
};
std::string serialize(const HostReport& report);
// `invalid` for a text that no host writes.
Result<HostReport> parse_report(std::string_view text);

// A certificate as the fleet has it now.
struct KnownCertificate {
  std::string name;
  store::VersionNumber current = 0;
  EtcdRevision modified = 0;  // of its head
};
// What a host does not have, or does not have in its newest version.
std::vector<KnownCertificate> behind_on(const HostReport& report,
                                        const std::vector<KnownCertificate>& all);

// How long ago a report was written, and how far the host's clock is ahead of the reader's, if that
// is known. `now` is the reader's time; `ahead` is how far the reader's clock is ahead of etcd's.
struct ReportAge {
  Seconds age{};
  std::optional<Seconds> clock_ahead = {};
};
ReportAge age_of(const HostReport& report, Time now, std::optional<Seconds> ahead);

}  // namespace ccm::fleet
