// SPDX-License-Identifier: Apache-2.0
// Faults that the admin side arms: which requests they match, how often, and what they do.
// Owned by World, used under its lock; kept in the store.
#pragma once

#include <optional>
#include <string>

#include "store.h"

namespace emulator {

// The request as far as faults can match it.
struct FaultSubject {
  std::string service;
  std::string operation;
  std::string domain_id;
  std::string access_key;
  std::vector<std::string> resources;  // certificate, CA and issuer identifiers, and names
};

struct ArmedFault {
  std::string id;
  json effect;
};

class Faults {
 public:
  explicit Faults(Store& store) : store_(store) {}

  // {"match": {...}, "times": n, "effect": {...}} -> the stored fault with its id, or a sentence.
  json add(const json& fault, std::string& problem);
  json list() const;
  bool remove(const std::string& id);
  void clear();

  // The oldest fault that matches, counted down; nullopt when none does.
  std::optional<ArmedFault> take(const FaultSubject& subject);

 private:
  Store& store_;
};

}  // namespace emulator
