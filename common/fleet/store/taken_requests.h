// SPDX-License-Identifier: Apache-2.0
// Which requests of a fleet's inbox (fleet_inbox.h) a leader has taken. None is taken twice: not
// when somebody puts it back, and not from a backup of etcd that is restored. So they are only ever
// added up, on every host, whatever becomes of the record in etcd; and forgotten when no request of
// that age is good any more.
//
// They are kept in 16 records of the whole fleet, so that each stays small. One thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "fleet/store/fleet_entry.h"

namespace ccm::fleet {

class TakenRequests {
 public:
  // A request is valid for as long before as after the time when it was left, and the members'
  // clocks may differ.
  static constexpr Seconds kKept = 2 * Letter::kLife + Seconds(600);
  // The most in one record.
  static constexpr std::size_t kMost = 2000;

  // `invalid` for a text that this code has not made.
  static Result<TakenRequests> parse(const Secret& text);
  Secret serialize() const;

  bool has(std::string_view id) const { return taken_.find(id) != taken_.end(); }
  bool is_full() const noexcept { return taken_.size() >= kMost; }
  // `at`: the time by etcd's clock.
  void add(const std::string& id, Time at) { taken_.emplace(id, at); }
  void add_all(const TakenRequests& others) {
    taken_.insert(others.taken_.begin(), others.taken_.end());
  }
  void forget_old(Time now);

 private:
  std::map<std::string, Time, std::less<>> taken_;
};

// The kind of the record for requests with ids like this one (16 hexadecimal digits).
std::string taken_kind(std::string_view id);
bool is_taken_kind(std::string_view name, std::string_view kind) noexcept;

}  // namespace ccm::fleet
