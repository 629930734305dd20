// SPDX-License-Identifier: Apache-2.0
// The bytes that an agent gets as its settings: refused, or read in the only way they can be.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/input/wire.h"

using namespace ccm;
using namespace ccm::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto handover = decode_handover(bytes);
  if (!handover) return 0;
  static_cast<void>(handover->settings.finalize());
  const std::string again = encode_handover(*handover);
  // Blocks travel sorted by name, so other orders come back changed once and never again.
  const auto stable = decode_handover(again);
  if (!stable || encode_handover(*stable) != again || again.size() != size) std::abort();
  return 0;
}
