// SPDX-License-Identifier: Apache-2.0
// Numbers of 64 bits and times in packed values (base/packing.h). Publication room only.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/packing.h"

namespace ccm::publication {

inline void pack_long(Packer& out, std::uint64_t value) {
  out.number(static_cast<std::uint32_t>(value));
  out.number(static_cast<std::uint32_t>(value >> 32U));
}

inline std::uint64_t unpack_long(Unpacker& in) {
  const std::uint64_t low = in.number();
  return low | std::uint64_t{in.number()} << 32U;
}

inline void pack_time(Packer& out, Time time) {
  pack_long(out, static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

inline Time unpack_time(Unpacker& in) {
  return Time(Seconds(static_cast<std::int64_t>(unpack_long(in))));
}

}  // namespace ccm::publication
