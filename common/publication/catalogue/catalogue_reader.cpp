// SPDX-License-Identifier: Apache-2.0
#include "publication/catalogue/catalogue_reader.h"

#include <utility>

namespace ccm::publication {
namespace {

// An attempt fails only if the certificate was replaced in the microseconds of a copy.
constexpr unsigned kMostReadings = 16;
// With this many chains, those that nobody uses any more are cleared away.
constexpr std::size_t kManyChains = 64;

}  // namespace

std::uint64_t CatalogueReader::size() const noexcept {
  return area_.head().certificates.load(std::memory_order_relaxed);
}

std::uint64_t CatalogueReader::name_count() const noexcept {
  return area_.head().names.load(std::memory_order_relaxed);
}

// A chain is not freed while a certificate refers to it, nor a certificate while a name refers to
// it.
Result<std::shared_ptr<const Catalogued>> CatalogueReader::get(std::string_view name,
                                                               KeySlot key) const {
  const std::uint64_t hash = hash_of(name);
  const auto slot = static_cast<std::size_t>(key);
  for (unsigned attempt = 0; attempt < kMostReadings; ++attempt) {
    const std::uint64_t reference = area_.find(hash)[slot];
    if (reference == 0) return nullptr;
    auto found = read(reference);
    // It is complete, so it belonged to the name when the reading began, whether or not it has been
    // replaced since.
    if (found && *found != nullptr) return found;
    if (area_.find(hash)[slot] != reference) continue;
    if (!found) return found;
    return fail(ErrorKind::invalid, "its place in the catalogue is damaged");
  }
  return fail(ErrorKind::transient,
              "the catalogue changes faster than it can be read; trying again");
}

Result<std::shared_ptr<const Catalogued>> CatalogueReader::read(std::uint64_t reference) const {
  const auto bytes = area_.copy_out(reference);
  if (!bytes) return nullptr;
  auto block = decode_block(bytes->bytes());
  if (!block) return pass(std::move(block));
  auto leaf = crypto::Certificate::parse_der(block->leaf);
  if (!leaf) return pass(std::move(leaf));
  auto key = crypto::KeyPair::parse_der(block->key);
  if (!key) return pass(std::move(key));
  std::vector<crypto::Certificate> chain{*std::move(leaf)};
  if (block->facts.chain != 0) {
    auto above = chain_of(block->facts.chain);
    if (!above) return pass(std::move(above));
    if (*above == nullptr) return nullptr;
    chain.insert(chain.end(), (*above)->begin(), (*above)->end());
  }
  auto bundle = crypto::Bundle::restore(std::move(chain), *std::move(key));
  if (!bundle) return pass(std::move(bundle));
  Published published{.bundle = *std::move(bundle),
                      .ocsp_response = {block->response.begin(), block->response.end()}};
  return std::make_shared<const Catalogued>(Catalogued{
      .reference = reference, .facts = std::move(block->facts), .published = std::move(published)});
}

Result<std::shared_ptr<const CatalogueReader::Chain>> CatalogueReader::chain_of(
    std::uint64_t reference) const {
  {
    const std::scoped_lock lock(mutex_);
    const auto known = chains_.find(reference);
    if (known != chains_.end()) {
      if (auto chain = known->second.lock()) return chain;
    }
  }
  const auto bytes = area_.copy_out(reference);
  if (!bytes) return nullptr;
  auto decoded = decode_chain(bytes->bytes());
  if (!decoded) return pass(std::move(decoded));
  auto chain = std::make_shared<const Chain>(*std::move(decoded));
  const std::scoped_lock lock(mutex_);
  if (chains_.size() > kManyChains) {
    std::erase_if(chains_, [](const auto& each) { return each.second.expired(); });
  }
  chains_[reference] = chain;
  return chain;
}

}  // namespace ccm::publication
