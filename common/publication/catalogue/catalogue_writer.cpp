// SPDX-License-Identifier: Apache-2.0
#include "publication/catalogue/catalogue_writer.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "crypto/certificate/certificate_facts.h"
#include "crypto/certificate/names.h"
#include "crypto/digest.h"
#include "publication/codec.h"

namespace ccm::publication {
namespace {

constexpr auto kRelease = std::memory_order_release;
constexpr std::uint64_t kAhead = std::uint64_t{64} << 10U;
// As many as fit into a page of 4 kB.
constexpr std::uint32_t kIndexesAhead = 512;
constexpr auto kRelaxed = std::memory_order_relaxed;

std::size_t slot_of(const CataloguedFacts& facts) noexcept {
  return static_cast<std::size_t>(facts.key == crypto::KeyAlgorithm::rsa ? KeySlot::rsa
                                                                         : KeySlot::ecdsa);
}

CataloguedFacts facts_of(std::string entry, const Traces& traces, crypto::ServingFacts leaf) {
  CataloguedFacts facts{.entry = std::move(entry),
                        .traces = traces,
                        .begin = leaf.not_before,
                        .end = leaf.not_after,
                        .key = leaf.key_type.algorithm,
                        .names = std::move(leaf.names)};
  // No client asks for an address by name.
  std::erase_if(facts.names, [](const std::string& name) { return crypto::is_ip_address(name); });
  return facts;
}

}  // namespace

CatalogueWriter::CatalogueWriter(Place place)
    : area_(place.base),
      place_(place),
      space_(std::min(area_.head().heap_used.load(kRelaxed), kHeapSize), kHeapSize) {
  if (area_.head().table.load(kRelaxed) >= kTables) area_.head().table.store(0, kRelease);
  take_stock();
}

std::vector<std::string> CatalogueWriter::entries() const {
  std::vector<std::string> entries;
  entries.reserve(items_.size());
  for (const auto& [entry, item] : items_) entries.push_back(entry);
  return entries;
}

const Traces* CatalogueWriter::find(std::string_view entry) const {
  const auto found = items_.find(entry);
  return found == items_.end() ? nullptr : &found->second.facts.traces;
}

const crypto::Sha256& CatalogueWriter::digest_of(const Secret& chain) {
  if (last_chain_.empty() || !last_chain_.equals(chain)) {
    last_digest_ = crypto::sha256(chain.bytes());
    last_chain_ = Secret::copy_of(chain.bytes());
  }
  return last_digest_;
}

Result<void> CatalogueWriter::reserve(std::uint64_t offset, std::uint64_t size) const {
  const auto begin = static_cast<off_t>(place_.offset + offset);
  if (fallocate(place_.file, FALLOC_FL_KEEP_SIZE, begin, static_cast<off_t>(size)) == 0) return {};
  if (errno != ENOSPC && errno != EDQUOT && errno != ENOMEM) return {};
  return fail(system_error("make room in the publication segment", errno));
}

// Reserves room for some blocks in advance at the end of the heap, so that most blocks need no
// system call.
Result<void> CatalogueWriter::reserve_heap(std::uint64_t offset, std::uint64_t size) {
  if (offset >= ahead_.begin && offset + size <= ahead_.end) return {};
  const bool is_at_end = offset + size == space_.used();
  const std::uint64_t wanted =
      is_at_end ? std::min(std::max(size, kAhead), kHeapSize - offset) : size;
  auto room = reserve(kHeapOffset + offset, wanted);
  if (!room && wanted > size) return reserve(kHeapOffset + offset, size);
  if (room && is_at_end) ahead_ = {.begin = offset, .end = offset + wanted};
  return room;
}

Result<std::uint64_t> CatalogueWriter::add_block(std::span<const std::byte> bytes) {
  const std::uint64_t size =
      (bytes.size() + sizeof(Word) + kBlockUnit - 1) / kBlockUnit * kBlockUnit;
  const auto offset = space_.take(size);
  if (!offset) return fail(ErrorKind::rejected, "the catalogue's memory is full");
  if (auto room = reserve_heap(*offset, size); !room) {
    space_.give_back(*offset, size);
    return pass(std::move(room));
  }
  CatalogueHead& head = area_.head();
  head.heap_used.store(space_.used(), kRelease);
  const std::uint64_t number = next_number(head.last_number.load(kRelaxed));
  head.last_number.store(number, kRelease);
  const std::uint64_t reference = make_reference(*offset, number);
  area_.write(reference, bytes);
  return reference;
}

void CatalogueWriter::drop_block(std::uint64_t reference) {
  const std::uint64_t size = area_.size_of(reference);
  if (size == 0) return;
  area_.wipe_heap(offset_of(reference), size);
  space_.give_back(offset_of(reference), size);
}

Result<std::uint64_t> CatalogueWriter::hold_chain(const ServedParts& parts) {
  if (parts.above.empty()) return std::uint64_t{0};
  const Secret bytes = encode_chain(parts);
  const crypto::Sha256& digest = digest_of(bytes);
  const auto known = chains_.find(digest);
  if (known != chains_.end()) {
    ++known->second.users;
    return known->second.reference;
  }
  auto reference = add_block(bytes.bytes());
  if (!reference) return reference;
  chains_[digest] = {.reference = *reference, .users = 1};
  chain_digests_.emplace(*reference, digest);
  return reference;
}

void CatalogueWriter::release_chain(std::uint64_t reference) {
  const auto known = chain_digests_.find(reference);
  if (known == chain_digests_.end()) return;
  const auto chain = chains_.find(known->second);
  if (--chain->second.users > 0) return;
  drop_block(reference);
  chains_.erase(chain);
  chain_digests_.erase(known);
}

Result<std::uint32_t> CatalogueWriter::free_index() {
  if (!free_indexes_.empty()) {
    const std::uint32_t index = free_indexes_.back();
    free_indexes_.pop_back();
    return index;
  }
  if (next_index_ == kMostCatalogued) {
    return fail(ErrorKind::rejected,
                fmt::format("a catalogue holds at most {} certificates", kMostCatalogued));
  }
  if (next_index_ >= reserved_indexes_) {
    const std::uint32_t end = std::min(next_index_ + kIndexesAhead, std::uint32_t{kMostCatalogued});
    auto room = reserve(kEntriesOffset + std::uint64_t{next_index_} * sizeof(Word),
                        std::uint64_t{end - next_index_} * sizeof(Word));
    if (!room) return pass(std::move(room));
    reserved_indexes_ = end;
  }
  return next_index_++;
}

// For each kind of key, the certificate that ends last.
References CatalogueWriter::best(const std::vector<const Item*>& candidates) const {
  std::array<const Item*, kKeySlots> chosen{};
  for (const Item* item : candidates) {
    const Item*& place = chosen[slot_of(item->facts)];
    const auto rank = [](const Item& each) {
      return std::pair(each.facts.end, std::string_view(each.facts.entry));
    };
    if (place == nullptr || rank(*item) > rank(*place)) place = item;
  }
  References references{};
  for (std::size_t key = 0; key < kKeySlots; ++key) {
    if (chosen[key] != nullptr) references[key] = chosen[key]->reference;
  }
  return references;
}

// Adds the item, and returns all that cover the name.
std::vector<const CatalogueWriter::Item*>& CatalogueWriter::list(std::uint64_t hash,
                                                                 const Item& item) {
  auto& candidates = by_hash_[hash];
  candidates.push_back(&item);
  return candidates;
}

void CatalogueWriter::strike(const Item& item) {
  for (const std::string& name : item.facts.names) {
    const auto found = by_hash_.find(hash_of(name));
    if (found == by_hash_.end()) continue;
    std::erase(found->second, &item);
    if (found->second.empty()) by_hash_.erase(found);
  }
}

void CatalogueWriter::show(std::uint64_t hash) {
  const auto found = by_hash_.find(hash);
  set_slot(hash, found == by_hash_.end() ? References{} : best(found->second));
}

Result<bool> CatalogueWriter::put(std::string entry, const Traces& traces,
                                  const crypto::Bundle& bundle,
                                  std::span<const std::byte> response) {
  if (const Traces* known = find(entry); known != nullptr && *known == traces) return false;
  if (Result<void> fits = crypto::check_publishable(bundle); !fits) return pass(std::move(fits));
  const auto key = bundle.key().to_der();
  if (!key) return fail(key.error());
  std::vector<std::vector<std::byte>> chain;
  for (const crypto::Certificate& each : bundle.chain()) chain.push_back(each.to_der());
  const ServedParts parts{.leaf = chain.front(),
                          .above = {chain.begin() + 1, chain.end()},
                          .key = key->bytes(),
                          .response = response};
  auto leaf = crypto::read_serving_facts(parts.leaf);
  if (!leaf) return fail(leaf.error());
  return put({.facts = facts_of(std::move(entry), traces, *std::move(leaf))}, parts);
}

Result<bool> CatalogueWriter::put_encoded(std::string entry, const Traces& traces,
                                          std::span<const std::byte> value) {
  if (const Traces* known = find(entry); known != nullptr && *known == traces) return false;
  const auto parts = take_apart(value);
  if (!parts) return fail(parts.error());
  auto leaf = crypto::read_serving_facts(parts->leaf);
  if (!leaf) return fail(leaf.error());
  return put({.facts = facts_of(std::move(entry), traces, *std::move(leaf))}, *parts);
}

Result<bool> CatalogueWriter::put(Item item, const ServedParts& parts) {
  auto known = items_.find(item.facts.entry);
  if (auto room = make_room(item.facts.names.size()); !room) return pass(std::move(room));
  auto chain = hold_chain(parts);
  if (!chain) return pass(std::move(chain));
  item.facts.chain = *chain;
  auto reference = add_block(encode_block(item.facts, parts).bytes());
  const bool is_new = known == items_.end();
  auto index = is_new && reference ? free_index() : Result<std::uint32_t>(0U);
  if (!reference || !index) {
    if (reference) drop_block(*reference);
    release_chain(*chain);
    return fail(reference ? index.error() : reference.error());
  }
  item.index = is_new ? *index : known->second.index;
  item.reference = *reference;
  area_.entry(item.index).store(item.reference, kRelease);
  Item before;
  if (is_new) {
    std::string name = item.facts.entry;
    known = items_.emplace(std::move(name), std::move(item)).first;
  } else {
    strike(known->second);
    before = std::exchange(known->second, std::move(item));
  }
  const Item& after = known->second;
  for (const std::string& name : after.facts.names) {
    const std::uint64_t hash = hash_of(name);
    set_slot(hash, best(list(hash, after)));
  }
  for (const std::string& name : before.facts.names) show(hash_of(name));
  drop_block(before.reference);
  release_chain(before.facts.chain);
  count();
  return true;
}

bool CatalogueWriter::remove(std::string_view entry) {
  const auto known = items_.find(entry);
  if (known == items_.end()) return false;
  strike(known->second);
  const Item gone = std::move(known->second);
  items_.erase(known);
  for (const std::string& name : gone.facts.names) show(hash_of(name));
  area_.entry(gone.index).store(0, kRelease);
  free_indexes_.push_back(gone.index);
  drop_block(gone.reference);
  release_chain(gone.facts.chain);
  count();
  return true;
}

void CatalogueWriter::count() const noexcept {
  area_.head().certificates.store(items_.size(), kRelaxed);
  area_.head().names.store(by_hash_.size(), kRelaxed);
}

}  // namespace ccm::publication
