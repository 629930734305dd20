// SPDX-License-Identifier: Apache-2.0
// Which certificates of the store the catalogues of an account show (config/catalogue.h), as the
// leader has written it down: a record "catalogue" of each certificate, and in a record of the
// whole store how far the leader has got with each selection.
//
// Any process may read; writing needs the lease.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "store/store.h"

namespace ccm::store {

struct Membership {
  std::string id;    // in the account
  std::string mark;  // how the account showed it when it was fetched
  Time end{};
  std::vector<std::string> names;
  std::vector<std::string> selections;  // config::CatalogueSpec::selection()
  friend bool operator==(const Membership&, const Membership&) = default;
};

// nullopt: it is in no catalogue of an account, or its record cannot be read.
std::optional<Membership> read_membership(const StoreReader& store, const std::string& name);
Result<void> write_membership(Store& store, const Lease& lease, const std::string& name,
                              const Membership& membership);
Result<void> end_membership(Store& store, const Lease& lease, const std::string& name);

// The selections that show it; nullopt: none of these catalogues is of an account.
std::optional<std::vector<std::string>> read_selections(
    const StoreReader& store, const std::string& name,
    std::span<const config::CatalogueSpec> catalogues);

// Whether this catalogue shows it, as far as that is a matter of its selection.
bool is_selected(const StoreReader& store, const std::string& name,
                 const config::CatalogueSpec& catalogue);

// `rejected`, with what to do instead, when a catalogue would bring the certificate back at once,
// because the account still has it.
Result<void> check_may_remove(const StoreReader& store, const std::string& name);

// One selection as the leader last found it.
struct SelectionReport {
  std::string selection;
  std::int64_t listed = 0;   // certificates that the account was seen to have
  std::int64_t stored = 0;   // of these, that are stored here
  std::int64_t refused = 0;  // that cannot be used here
  std::int64_t hidden = 0;   // by the account's own count, but in no list
  Time looked_at{};
  std::string problem;  // why the last look failed; empty: it succeeded

  friend bool operator==(const SelectionReport&, const SelectionReport&) = default;
};
std::vector<SelectionReport> read_selection_reports(const StoreReader& store);
Result<void> write_selection_reports(Store& store, const Lease& lease,
                                     const std::vector<SelectionReport>& reports);

}  // namespace ccm::store
