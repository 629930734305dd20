// SPDX-License-Identifier: Apache-2.0
// A block of a catalogue of any bytes: refused, or one that encodes to the same bytes again; the
// same of a chain.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "publication/catalogue/catalogue_block.h"
#include "publication/codec.h"

using namespace ccm;
using namespace ccm::publication;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  static_cast<void>(decode_chain(bytes));
  static_cast<void>(take_apart(bytes));
  const auto block = decode_block(bytes);
  if (!block) return 0;
  const Secret again = encode_block(
      block->facts,
      {.leaf = block->leaf, .above = {}, .key = block->key, .response = block->response});
  // The flags may have had more bits.
  const auto same = decode_block(again.bytes());
  if (!same || same->facts.names != block->facts.names) std::abort();
  if (!std::equal(same->key.begin(), same->key.end(), block->key.begin(), block->key.end())) {
    std::abort();
  }
  return 0;
}
