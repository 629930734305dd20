// SPDX-License-Identifier: Apache-2.0
// Public zones of the emulated Huawei Cloud DNS and their record sets: documents of the kinds
// "dns_zone" {id, domain_id, name, ...} and "dns_recordset" {id, zone_id, name, type, ttl, records,
// default, served_ms, made_by}. Names end in a dot and are in lower case. Called under World's
// lock.
#pragma once

#include <string>
#include <vector>

#include "json.h"

namespace emulator {

struct World;

// The name with its dot, in lower case.
std::string dns_name(const std::string& name);

// A zone with its SOA, its one name server and that server's address, which is this emulator's.
json add_zone(World& world, const std::string& domain_id, const std::string& name);
void remove_zone(World& world, const std::string& zone_id);
// The zone that the name is in, the deepest one; null: none. An empty account stands for all.
json zone_of(const World& world, const std::string& domain_id, const std::string& name);

// The record sets of a zone; all of them, or those of one name.
std::vector<json> sets_of(const World& world, const std::string& zone_id,
                          const std::string& name = "");
// {name, type, ttl, records}; served when the option `dns_after_ms` has passed. The stored set.
json add_set(World& world, const json& zone, const json& wish, const std::string& made_by);
void remove_set(World& world, const std::string& id);
// The set that a new one of this name and type would conflict with; null: none.
json conflicting_set(const World& world, const std::string& zone_id, const std::string& name,
                     const std::string& type, const std::string& except = "");

}  // namespace emulator
