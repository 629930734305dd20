// SPDX-License-Identifier: Apache-2.0
// What a catalogue shows of the store: the current version of each entry. It leaves out entries
// that an operator has forgotten, certificates that are not valid yet, and certificates that the
// gate's present rules refuse because clients would. An expired certificate stays until the next
// one replaces it.
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
#include "base/traces.h"
#include "store/store_reader.h"

namespace ccm::store {

// With version 0: there is nothing to show.
Traces traces_of(const StoreReader& store, const std::string& name);

struct ToCatalogue {
  std::optional<StoredCertificate> certificate;  // nullopt: nothing that may be shown
  std::vector<std::byte> response;               // OCSP response to staple, DER; empty: none
  std::optional<Error> problem;  // what is wrong with the newest version, to be logged once
};
// Whether nothing at all is installed, or the store cannot be listed. Then nobody has forgotten the
// certificates that are shown: a file system is not mounted, or the directory was moved away.
bool is_store_bare(const StoreReader& store);
// The same for a store with these names.
bool is_store_bare(const StoreReader& store, const std::vector<std::string>& names);
// `is_shown`: the catalogue already shows a version of the entry. Then a damaged version does not
// bring back an older one. The error says that the store cannot be read.
Result<ToCatalogue> load_for_catalogue(const StoreReader& store, const std::string& name,
                                       bool is_shown, Time now);

}  // namespace ccm::store
