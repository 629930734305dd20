// SPDX-License-Identifier: Apache-2.0
// The orders at SCM's authority: what was applied for, the proof that each name needs, what the
// authority saw of it, and how the order ended. Documents of the kind "scm_order", by the
// certificate's identifier. Called under World's lock.
//
//   {id, domain_id, names, certified, method, auto_dns, plan, applied_ms, applications,
//    shown_ms, round, proofs: [{domain, record_name, record_type, record_value, expected, file}],
//    looks, looked_ms, findings: [{domain, proven, seen}], proven_ms, end}
#pragma once

#include <string>
#include <vector>

#include "ca/proof_search.h"
#include "json.h"

namespace emulator {

struct World;

struct OrderWish {
  std::vector<std::string> names;      // those to be proven
  std::vector<std::string> certified;  // all names that the certificate gets
  std::string method;                  // DNS, FILE or EMAIL
  bool auto_dns = false;
};

// Opens the order of the record, which gets its state and its (still hidden) validation records.
// Neither is stored yet: the caller stores the record.
void open_order(World& world, json& record, const OrderWish& wish);
// The order ends without a certificate; `how` is for the admin side.
void end_order(World& world, const std::string& certificate_id, const char* how);
const json* find_order(const World& world, const std::string& certificate_id);
// A changed plan counts from now on; hidden records are hidden anew.
void change_order_plan(World& world, json& record, const json& plan);
// Makes new values for every name; records that were placed before do not count.
void change_proofs(World& world, json& record);

// The record as its order has it by now: records shown, state moved on, issued or refused. Stores
// what changed.
json with_order(World& world, json record);

// What the authority looks for next: orders that are due for a look, with where to look.
struct DueLook {
  std::string certificate_id;
  int round = 0;  // a look at an earlier round counts for nothing
  std::vector<ProofWish> wishes;
};
std::vector<DueLook> due_looks(World& world);
// Enters what was seen, and moves the order on.
void enter_look(World& world, const DueLook& look, const std::vector<Sights>& sights);
// Whether an order waits for a look or for time to pass.
bool has_open_order(const World& world);

}  // namespace emulator
