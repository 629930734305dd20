// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/zone_proofs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/sources/scm.h"

namespace ccm::sources {
namespace {

using cloud::DnsSet;
using cloud::ScmProof;

std::string type_of(const ScmProof& proof) {
  return equals_ignoring_case(proof.record_type, "TXT") ? "TXT" : "CNAME";
}

std::string name_of(const ScmProof& proof) {
  std::string name = to_lower(proof.record_name);
  if (name.ends_with('.')) name.pop_back();
  return name;
}

bool is_for_proofs(const ScmProof& proof) {
  return proof.record_name.starts_with('_');
}

const DnsSet* find_set(const std::vector<DnsSet>& sets, const std::string& type) {
  const auto found =
      std::find_if(sets.begin(), sets.end(), [&](const DnsSet& set) { return set.type == type; });
  return found == sets.end() ? nullptr : &*found;
}

// Whether this record of a set has one of these values.
bool is_one_of(const DnsSet& set, const std::string& record,
               const std::vector<std::string>& values) {
  const DnsSet alone{.type = set.type, .records = {record}};
  return std::any_of(values.begin(), values.end(),
                     [&](const std::string& value) { return alone.holds(value); });
}

}  // namespace

bool is_dns_proof(const ScmProof& proof) noexcept {
  return equals_ignoring_case(proof.record_type, "TXT") ||
         equals_ignoring_case(proof.record_type, "CNAME");
}

bool is_same_record(const ScmProof& a, const ScmProof& b) {
  return is_dns_proof(a) && is_dns_proof(b) && type_of(a) == type_of(b) && name_of(a) == name_of(b);
}

std::vector<std::string> values_at(const ScmOrder& order, const ScmProof& proof) {
  std::vector<std::string> values;
  for (const ScmProof& placed : order.placed) {
    const bool is_there = is_dns_proof(placed) && is_same_record(placed, proof);
    if (is_there) values.push_back(placed.record_value);
  }
  return values;
}

Result<ZoneProofs::Place> ZoneProofs::find(const ObtainRequest& request,
                                           const ScmProof& proof) const {
  const auto& issue = request.spec.source.as<config::ScmSource>().issue;
  if (!issue || !zones_of_) {
    return fail(ErrorKind::rejected, "the settings do not say any more how to write DNS records");
  }
  Result<cloud::DnsZones> zones = zones_of_(*issue);
  if (!zones) return pass(std::move(zones));
  const std::string name = name_of(proof);
  Result<cloud::DnsZone> zone = zones->find_zone(name);
  if (!zone) return pass(std::move(zone));
  Result<std::vector<DnsSet>> sets = zones->sets_at(*zone, name);
  if (!sets) return pass(std::move(sets));
  return Place{.zones = *std::move(zones), .zone = *std::move(zone), .sets = *std::move(sets)};
}

// RFC 1034 section 3.6.2: a CNAME record must be the only one at its name.
Result<void> ZoneProofs::clear_way(const Place& place, const ScmProof& proof) const {
  const std::string type = type_of(proof);
  for (const DnsSet& set : place.sets) {
    const bool is_same = set.type == type;
    if (is_same && (type == "TXT" || is_for_proofs(proof) || set.holds(proof.record_value))) {
      continue;
    }
    if (set.type != "CNAME" && type != "CNAME") continue;
    const bool is_left_over = is_for_proofs(proof) && (set.type == "CNAME" || set.type == "TXT");
    if (!is_left_over) {
      return fail(ErrorKind::rejected,
                  fmt::format("{} has a {} record at Huawei Cloud DNS, beside which there can be "
                              "no {}{} record; only you can decide what becomes of it",
                              set.name, printable(set.type), is_same ? "other " : "", type));
    }
    if (auto removed = place.zones.remove(place.zone, set); !removed) return removed;
  }
  return {};
}

// Adds it to the records that stay.
Result<void> ZoneProofs::add(const Place& place, const ScmProof& proof,
                             std::vector<std::string> records) const {
  const DnsSet* there = find_set(place.sets, type_of(proof));
  Result<std::string> record = cloud::to_dns_record(type_of(proof), proof.record_value);
  if (!record) return pass(std::move(record));
  records.push_back(*std::move(record));
  if (there == nullptr) {
    return place.zones.create(
        place.zone,
        {.name = name_of(proof), .type = type_of(proof), .records = std::move(records)});
  }
  DnsSet changed = *there;
  changed.records = std::move(records);
  return place.zones.update(place.zone, changed);
}

Result<void> ZoneProofs::put(const ObtainRequest& request, const ScmOrder& order,
                             const ScmProof& proof) const {
  Result<Place> place = find(request, proof);
  if (!place) return pass(std::move(place));
  if (auto clear = clear_way(*place, proof); !clear) return clear;
  const DnsSet* there = find_set(place->sets, type_of(proof));
  if (there == nullptr) return add(*place, proof, {});
  const bool is_alone = there->records.size() == 1 && there->holds(proof.record_value);
  if (is_alone) return {};
  std::vector<std::string> stay;
  const bool is_shared = !is_for_proofs(proof);
  const std::vector<std::string> ours = values_at(order, proof);
  for (const std::string& record : there->records) {
    if (is_one_of(*there, record, {proof.record_value})) continue;
    if (is_shared || is_one_of(*there, record, ours)) stay.push_back(record);
  }
  const bool is_as_wanted =
      there->holds(proof.record_value) && stay.size() + 1 == there->records.size();
  return is_as_wanted ? Result<void>() : add(*place, proof, std::move(stay));
}

Result<std::string> ZoneProofs::keep(const ObtainRequest& request, const ScmOrder& order,
                                     const ScmProof& proof) const {
  Result<Place> place = find(request, proof);
  if (!place) return pass(std::move(place));
  const DnsSet* there = find_set(place->sets, type_of(proof));
  if (there == nullptr || !there->holds(proof.record_value)) return add_again(*place, order, proof);
  if (there->status == "ACTIVE") return std::string();
  return fmt::format(
      "the {} record {} is {} at Huawei Cloud DNS, whose name servers do not show it "
      "yet",
      type_of(proof), name_of(proof), printable(there->status));
}

Result<std::string> ZoneProofs::add_again(const Place& place, const ScmOrder& order,
                                          const ScmProof& proof) const {
  const DnsSet* there = find_set(place.sets, type_of(proof));
  const std::vector<std::string> ours = values_at(order, proof);
  if (there != nullptr && is_for_proofs(proof)) {
    for (const std::string& record : there->records) {
      if (is_one_of(*there, record, ours)) continue;
      return fmt::format(
          "somebody has put {} into the {} record {} at Huawei Cloud DNS in the place "
          "of our value, which is added again when that is gone",
          printable(record), type_of(proof), name_of(proof));
    }
  }
  auto added = clear_way(place, proof);
  if (added) {
    added = add(place, proof, there == nullptr ? std::vector<std::string>() : there->records);
  }
  if (!added) return pass(std::move(added));
  return fmt::format(
      "somebody has removed the {} record {} from Huawei Cloud DNS; it was added "
      "again",
      type_of(proof), name_of(proof));
}

Result<void> ZoneProofs::remove_value(const ObtainRequest& request, const ScmProof& proof) const {
  Result<Place> place = find(request, proof);
  if (!place) return pass(std::move(place));
  const DnsSet* there = find_set(place->sets, type_of(proof));
  if (there == nullptr || !there->holds(proof.record_value)) return {};
  DnsSet rest = *there;
  std::erase_if(rest.records, [&](const std::string& record) {
    return is_one_of(*there, record, {proof.record_value});
  });
  return rest.records.empty() ? place->zones.remove(place->zone, *there)
                              : place->zones.update(place->zone, rest);
}

Result<void> ZoneProofs::remove(const ObtainRequest& request, const ScmProof& proof) const {
  Result<void> removed = remove_value(request, proof);
  if (removed) return removed;
  const ErrorKind kind = removed.error().kind();
  if (kind == ErrorKind::transient || kind == ErrorKind::throttled) return removed;
  // The left-over does no harm; a renewal that waited for its removal would.
  log_.warn("certificate \"{}\": the {} record {} is not needed any more and stays: {}",
            request.spec.name, type_of(proof), name_of(proof), removed.error().message());
  return {};
}

}  // namespace ccm::sources
