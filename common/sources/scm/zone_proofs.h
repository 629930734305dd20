// SPDX-License-Identifier: Apache-2.0
// Proofs of an order as records in zones of Huawei Cloud DNS, where the settings want that
// ("issue_dns cloud").
//
// A name that begins with an underscore is there for proofs, so whatever else stands at it was left
// over from an application before and goes. Records at every other name are the operator's and
// stay.
//
// One thread for an order at a time. Borrows its parts; belongs to ScmProofs.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "cloud/api/dns_zones.h"
#include "config/issue.h"
#include "sources/scm/scm_order.h"
#include "sources/source.h"

namespace ccm::sources {

bool is_dns_proof(const cloud::ScmProof& proof) noexcept;
// Whether both are values of one DNS record.
bool is_same_record(const cloud::ScmProof& a, const cloud::ScmProof& b);
// All values that the order has placed at the record of this proof.
std::vector<std::string> values_at(const ScmOrder& order, const cloud::ScmProof& proof);

// The zones that the settings name. `rejected` when this agent has no credentials for them.
using ZonesOf = std::function<Result<cloud::DnsZones>(const config::Issue& issue)>;

class ZoneProofs {
 public:
  ZoneProofs(Log& log, ZonesOf zones_of) : log_(log), zones_of_(std::move(zones_of)) {}

  // Afterwards the record has the value of this proof and of the others that the order has placed
  // there, and none that was left over.
  Result<void> put(const ObtainRequest& request, const ScmOrder& order,
                   const cloud::ScmProof& proof) const;
  // Adds again what somebody has removed, but not beside the value of somebody else's proof: then
  // an authority would accept neither. The sentence says what is not as it should be; empty when
  // the service has it.
  Result<std::string> keep(const ObtainRequest& request, const ScmOrder& order,
                           const cloud::ScmProof& proof) const;
  // What cannot be removed without a person is said in the log.
  Result<void> remove(const ObtainRequest& request, const cloud::ScmProof& proof) const;

 private:
  struct Place {
    cloud::DnsZones zones;
    cloud::DnsZone zone;
    std::vector<cloud::DnsSet> sets;  // at the record's name
  };
  Result<Place> find(const ObtainRequest& request, const cloud::ScmProof& proof) const;
  Result<void> clear_way(const Place& place, const cloud::ScmProof& proof) const;
  Result<void> add(const Place& place, const cloud::ScmProof& proof,
                   std::vector<std::string> records) const;
  Result<std::string> add_again(const Place& place, const ScmOrder& order,
                                const cloud::ScmProof& proof) const;
  Result<void> remove_value(const ObtainRequest& request, const cloud::ScmProof& proof) const;

  Log& log_;
  ZonesOf zones_of_;
};

}  // namespace ccm::sources
