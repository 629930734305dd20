// SPDX-License-Identifier: Apache-2.0
// The workers' side of a catalogue: finds by a name what there is for it, and parses it. Made by
// the segment's Reader, inherited by fork; any thread. Searching waits for nobody. Who asks often
// keeps what was parsed, together with its reference (server/live_catalogue.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "publication/catalogue_area.h"
#include "publication/catalogue_block.h"
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
  // The area must live as long.
  explicit CatalogueReader(CatalogueArea area) : area_(area) {}

  std::string_view name() const noexcept { return area_.name(); }
  // How many certificates there are, and how many names they have.
  std::uint64_t size() const noexcept;
  std::uint64_t name_count() const noexcept;

  // What there is for exactly this name (canonical, or "*.example.com"); 0: nothing of that kind of
  // key.
  References find(std::string_view name) const { return area_.find(hash_of(name)); }
  // The certificate for exactly this name; nullptr when there is none any more. `invalid` when it
  // is damaged, `transient` when the writer is always faster.
  Result<std::shared_ptr<const Catalogued>> get(std::string_view name, KeySlot key) const;

  // Every certificate, one after the other, for whoever takes over from a writer that has ended:
  // what is damaged is left out.
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

  // nullptr: the writer has replaced it.
  Result<std::shared_ptr<const Catalogued>> read(std::uint64_t reference) const;
  Result<std::shared_ptr<const Chain>> chain_of(std::uint64_t reference) const;

  CatalogueArea area_;
  mutable std::mutex mutex_;
  mutable std::map<std::uint64_t, std::weak_ptr<const Chain>> chains_;  // that are in use
};

}  // namespace ccm::publication
