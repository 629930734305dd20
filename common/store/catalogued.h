// SPDX-License-Identifier: Apache-2.0
// What a catalogue shows of the store: the current version of each entry, unless it was forgotten,
// nobody has reached its first day, or clients would refuse it by the gate's rules of today. A
// certificate that has ended stays: the next one takes its place.
//
// Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "store/store_reader.h"

namespace ccm::store {

// By which a change of an entry shows. Cheap to find out.
struct EntryTraces {
  VersionNumber version = 0;  // 0: there is nothing to show
  std::uint64_t stamp = 0;    // of the version
  std::uint64_t response = 0;
  friend bool operator==(const EntryTraces&, const EntryTraces&) = default;
};
EntryTraces traces_of(const StoreReader& store, const std::string& name);

struct ToCatalogue {
  std::optional<StoredCertificate> certificate;  // nullopt: nothing that may be shown
  std::vector<std::byte> response;               // to be stapled; empty: none
  std::optional<Error> problem;                  // what is wrong with the newest, to be said once
};
// `is_shown`: something of the entry is in the catalogue already. Then a damaged version does not
// bring back an older one. An error: the store cannot be read.
Result<ToCatalogue> load_for_catalogue(const StoreReader& store, const std::string& name,
                                       bool is_shown, Time now);

}  // namespace ccm::store
