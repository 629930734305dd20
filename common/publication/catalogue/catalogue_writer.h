// SPDX-License-Identifier: Apache-2.0
// Fills one catalogue of a segment and keeps it up to date (catalogue_layout.h). The segment's
// Writer makes and owns it. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/certificate/bundle.h"
#include "crypto/digest.h"
#include "publication/catalogue/catalogue_area.h"
#include "publication/catalogue/catalogue_block.h"
#include "publication/heap_space.h"

namespace ccm::publication {

class CatalogueWriter {
 public:
  // Where the area is: its address, mapped for writing, and its file.
  struct Place {
    std::byte* base;
    int file;
    std::uint64_t offset;
  };
  // Reads what the catalogue holds, and completes a change that a writer has not finished because
  // it died.
  explicit CatalogueWriter(Place place);
  CatalogueWriter(CatalogueWriter&&) = default;

  std::string_view name() const noexcept { return area_.name(); }
  std::size_t size() const noexcept { return items_.size(); }
  std::size_t name_count() const noexcept { return by_hash_.size(); }
  std::vector<std::string> entries() const;
  // The store's state from which the entry's certificate was made; nullptr: the catalogue has none.
  const Traces* find(std::string_view entry) const;

  // Adds a certificate, or replaces the entry's earlier one. When several certificates of one kind
  // of key cover a name, the one that ends last is shown. False: the catalogue has it already.
  // `rejected`: the catalogue is full.
  Result<bool> put(std::string entry, const Traces& traces, const crypto::Bundle& bundle,
                   std::span<const std::byte> response);
  // The same for a value that encode() has returned (codec.h). It has passed the gate and is not
  // verified again.
  Result<bool> put_encoded(std::string entry, const Traces& traces,
                           std::span<const std::byte> value);
  // False when the catalogue has no certificate of that entry.
  bool remove(std::string_view entry);

 private:
  struct Item {
    std::uint32_t index = 0;
    std::uint64_t reference = 0;
    CataloguedFacts facts;
  };
  struct Chain {
    std::uint64_t reference = 0;
    std::size_t users = 0;
  };
  // A part of the heap whose memory is reserved.
  struct Reserved {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  const crypto::Sha256& digest_of(const Secret& chain);
  void take_stock();
  void take_entry(std::uint32_t index);
  void use_chain(std::uint64_t reference);
  void free_the_rest();
  void mend_table();

  Result<void> reserve(std::uint64_t offset, std::uint64_t size) const;
  Result<void> reserve_heap(std::uint64_t offset, std::uint64_t size);
  Result<std::uint64_t> add_block(std::span<const std::byte> bytes);
  void drop_block(std::uint64_t reference);
  Result<std::uint64_t> hold_chain(const ServedParts& parts);
  Result<bool> put(Item item, const ServedParts& parts);
  void release_chain(std::uint64_t reference);
  Result<std::uint32_t> free_index();

  References best(const std::vector<const Item*>& candidates) const;
  std::vector<const Item*>& list(std::uint64_t hash, const Item& item);
  void strike(const Item& item);
  void show(std::uint64_t hash);
  Result<void> make_room(std::size_t names);
  Result<void> rebuild(std::size_t table);
  void set_slot(std::uint64_t hash, const References& references);
  void count() const noexcept;

  CatalogueArea area_;
  Place place_;
  HeapSpace space_;
  Reserved ahead_;
  std::map<std::string, Item, std::less<>> items_;
  // What covers a name, by its hash_of(), as the table has it.
  std::unordered_map<std::uint64_t, std::vector<const Item*>> by_hash_;
  std::map<crypto::Sha256, Chain> chains_;
  std::unordered_map<std::uint64_t, crypto::Sha256> chain_digests_;  // by reference
  // The chain of which a digest was asked last: that of the next certificate is often the same.
  Secret last_chain_;
  crypto::Sha256 last_digest_{};
  std::vector<std::uint32_t> free_indexes_;  // below next_index_
  std::uint32_t next_index_ = 0;
  std::uint32_t reserved_indexes_ = 0;  // this writer has reserved the indexes below
  std::uint64_t used_slots_ = 0;        // of the table in use, also those of removed names
};

}  // namespace ccm::publication
