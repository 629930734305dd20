// SPDX-License-Identifier: Apache-2.0
// The thread that reports this host to the fleet and, while this host leads, writes about all hosts
// (overview_writer.h); another thread listens to them (hosts_watch.h). Both run beside the thread
// that follows the fleet, which waits for news. Owned by the store.
#pragma once

#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "fleet/hosts/canary_reader.h"
#include "fleet/hosts/fleet_roster.h"
#include "fleet/hosts/host_book.h"
#include "fleet/hosts/hosts_watch.h"
#include "fleet/hosts/overview_writer.h"
#include "fleet/hosts/report_writer.h"
#include "fleet/hosts/settings_reader.h"
#include "fleet/store/fleet_host.h"

namespace ccm::fleet {

class FleetReporter {
 public:
  struct Place {
    std::string state_path;
    FleetRoster& roster;
  };
  // A host without an id has nothing to report.
  FleetReporter(FleetHost& host, const FleetLeader& self, const Place& place);
  ~FleetReporter();
  FleetReporter(const FleetReporter&) = delete;
  FleetReporter& operator=(const FleetReporter&) = delete;

  // To be called once.
  void start();
  // Completes the roster and the counts of versions that are tried out, which this host needs
  // before it leads. Any thread.
  Result<void> hear_the_others(const FleetKeys& keys);

 private:
  void work();
  Result<void> look_at_canaries(const FleetHost::Standing& standing);
  // Logs a problem once, until there is another one.
  void tell(const Result<void>& outcome, std::string_view what, std::string_view consequence,
            std::string& told);
  void look_at_leader(const FleetLeader& leader);

  FleetHost& host_;
  const bool has_id_;
  FleetRoster& roster_;
  const SystemClock clock_;
  ReportWriter writer_;
  SettingsReader reader_;
  CanaryReader canaries_;
  ReportBook reports_;
  CanaryBook told_of_canaries_;
  OverviewWriter overview_;
  HostsWatch watch_;
  FleetLeader leader_;   // the last one that was heard of
  std::string problem_;  // the last one that was logged
  std::string overview_problem_;
  FileDescriptor stop_;
  std::thread thread_;
};

}  // namespace ccm::fleet
