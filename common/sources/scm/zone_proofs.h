// SPDX-License-Identifier: Apache-2.0
// Proofs of an order as records in zones of Huawei Cloud DNS, where the settings want that
// ("issue_dns cloud").
//
// A name that begins with an underscore is only for proofs, so other values there are left-overs of
// an earlier application and are removed. Records at every other name belong to the operator and
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

  // Afterwards the record has the values of this proof and of the order's other proofs there, and
  // no left-over.
  Result<void> put(const ObtainRequest& request, const ScmOrder& order,
                   const cloud::ScmProof& proof) const;
  // Adds the proof again if somebody has removed it, but not beside the value of another proof,
  // because an authority would accept neither. Returns a sentence about what is wrong; empty when
  // the record is right.
  Result<std::string> keep(const ObtainRequest& request, const ScmOrder& order,
                           const cloud::ScmProof& proof) const;
  // Logs what only a person can remove.
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
