// SPDX-License-Identifier: Apache-2.0
// The workers' side of a catalogue: finds the certificate for a name and parses it. The segment's
// Reader makes it, and workers inherit it by fork. Any thread. A search never waits. Callers that
// ask often keep the parsed certificate with its reference (server/tls/live_catalogue.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "publication/catalogue/catalogue_area.h"
#include "publication/catalogue/catalogue_block.h"
#include "publication/codec.h"

namespace ccm::publication {

// Immutable, shared.
struct Catalogued {
  std::uint64_t reference = 0;
  CataloguedFacts facts;
  Published published;
};

class CatalogueReader {
 public:
  // The area's segment must outlive the object.
  explicit CatalogueReader(CatalogueArea area) : area_(area) {}

  std::string_view name() const noexcept { return area_.name(); }
  // How many certificates there are, and how many names they have.
  std::uint64_t size() const noexcept;
  std::uint64_t name_count() const noexcept;

  // The references for exactly this name (canonical, or "*.example.com"); 0: no certificate with
  // that kind of key.
  References find(std::string_view name) const { return area_.find(hash_of(name)); }
  // The certificate for exactly this name; nullptr when the writer has removed it. `invalid` when
  // it is damaged, `transient` when the writer replaces it faster than it can be read.
  Result<std::shared_ptr<const Catalogued>> get(std::string_view name, KeySlot key) const;

  // Calls `take` with every certificate; for the successor of a writer that has ended. Leaves out
  // damaged ones.
  template <typename Take>
  void for_each(Take&& take) const {
    for (std::uint32_t index = 0; index < kMostCatalogued; ++index) {
      const std::uint64_t reference = area_.entry(index).load(std::memory_order_acquire);
      if (reference == 0) continue;
      if (auto found = read(reference); found && *found) take(**found);
    }
  }

 private:
  using Chain = std::vector<crypto::Certificate>;

  // nullptr when the writer has replaced it.
  Result<std::shared_ptr<const Catalogued>> read(std::uint64_t reference) const;
  Result<std::shared_ptr<const Chain>> chain_of(std::uint64_t reference) const;

  CatalogueArea area_;
  mutable std::mutex mutex_;
  mutable std::map<std::uint64_t, std::weak_ptr<const Chain>> chains_;  // that are in use
};

}  // namespace ccm::publication
