// SPDX-License-Identifier: Apache-2.0
// All hosts of a fleet as etcd knows them, for people: who they are, what each reports, and what it
// does not have yet. Changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/host_report.h"
#include "fleet/store/fleet_keyring.h"
#include "fleet/store/fleet_layout.h"
#include "store/host/canary_file.h"

namespace ccm::fleet {

struct SurveyedHost {
  FleetMember member;
  bool leads = false;
  bool has_newest_key = true;  // that the one who asks has
  // nullopt: it has said nothing for store::kServerGrace, or is of a release that says nothing.
  std::optional<HostReport> report = {};
  ReportAge age = {};
  std::vector<KnownCertificate> behind = {};
  store::CanariesCounted canaries = {};  // its counts of versions that are tried out
};

struct FleetSurvey {
  std::vector<SurveyedHost> hosts;
  bool has_leader = false;
};

Result<FleetSurvey> survey_fleet(EtcdClient& etcd, const FleetLayout& layout, const FleetKeys& keys,
                                 const Clock& clock);

}  // namespace ccm::fleet
