// SPDX-License-Identifier: Apache-2.0
// A published value of any bytes: refused, or a certificate whose key fits, which encodes again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "publication/codec.h"

using namespace ccm;
using namespace ccm::publication;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  static_cast<void>(is_placeholder(bytes));
  const auto published = decode(bytes);
  if (!published) return 0;
  if (!published->bundle.leaf().matches(published->bundle.key())) std::abort();
  const auto encoded = encode(*published);
  if (encoded && !decode(encoded->bytes())) std::abort();
  return 0;
}
