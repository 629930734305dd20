// SPDX-License-Identifier: Apache-2.0
// The public zones of an account at Huawei Cloud DNS and the record sets in them, as far as proofs
// of domains need them (API v2 of the service; docs/design/differences.md). Names have no dot at
// the end here.
//
// Thread-safe as far as Session is. Borrows it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cloud/identity/session.h"

namespace ccm::cloud {

// An operation that it calls, and the permission for it.
struct DnsCall {
  std::string_view operation;  // "dns.ListPublicZones"
  std::string_view action;     // of IAM
};
inline constexpr DnsCall kListZones{"dns.ListPublicZones", "dns:zone:list"};
inline constexpr DnsCall kListSets{"dns.ListRecordSetsByZone", "dns:recordset:list"};
inline constexpr DnsCall kCreateSet{"dns.CreateRecordSet", "dns:recordset:create"};
inline constexpr DnsCall kUpdateSet{"dns.UpdateRecordSet", "dns:recordset:update"};
inline constexpr DnsCall kDeleteSet{"dns.DeleteRecordSets", "dns:recordset:delete"};

struct DnsZone {
  std::string id;
  std::string name;
  std::string status;  // "ACTIVE"
};

struct DnsSet {
  std::string id = {};  // empty: not there yet
  std::string name = {};
  std::string type = {};                  // "TXT"
  std::vector<std::string> records = {};  // as the service writes them: texts in quotation marks
  std::string status = {};                // "ACTIVE", "PENDING_CREATE", …
  std::int64_t seconds = 60;              // that caches may keep it (TTL)

  // Whether it holds this value.
  bool holds(const std::string& value) const;
};

// The value in the form of the service. `invalid` for a value that no record can hold.
Result<std::string> to_dns_record(const std::string& type, const std::string& value);

class DnsZones {
 public:
  DnsZones(Session& session, std::string endpoint)
      : session_(session), endpoint_(std::move(endpoint)) {}

  // The nearest zone of the account that contains the name. `rejected` when there is none, or when
  // the service does not answer for it.
  Result<DnsZone> find_zone(const std::string& name) const;
  // The record sets of every type at this name.
  Result<std::vector<DnsSet>> sets_at(const DnsZone& zone, const std::string& name) const;

  // Afterwards the service has accepted it. Its name servers have it some seconds later.
  Result<void> create(const DnsZone& zone, const DnsSet& set) const;
  // Replaces the records of the set with the id of `set`.
  Result<void> update(const DnsZone& zone, const DnsSet& set) const;
  // Succeeds when it does not exist.
  Result<void> remove(const DnsZone& zone, const DnsSet& set) const;

 private:
  Result<Secret> call(const DnsCall& call, std::string method, std::string path, Query query,
                      std::string body = {}) const;

  Session& session_;
  std::string endpoint_;
};

}  // namespace ccm::cloud
