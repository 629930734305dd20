// SPDX-License-Identifier: Apache-2.0
// The five forms in which the services write times (docs/design/differences.md, "Times"). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace ccm::cloud {

// Seconds or milliseconds since 1970, told apart by their size; nullopt outside the years 1970 to
// 9999.
std::optional<Time> time_from_number(std::int64_t number) noexcept;
// "2019-02-13T06:52:13.855000Z" (RFC 3339, any offset), "2021-05-27 16:46:25.0" (no zone: read as
// UTC), or digits as in time_from_number. Fractions are cut off. nullopt for anything else.
std::optional<Time> parse_api_time(std::string_view text) noexcept;

}  // namespace ccm::cloud
