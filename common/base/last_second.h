// SPDX-License-Identifier: Apache-2.0
// The last second that has a form for people (format_time() in clock.h) and in certificates. Far
// from where a difference of two times overflows, so no time that comes from elsewhere may be
// later.
#pragma once

#include <cstdint>

namespace ccm {

inline constexpr std::int64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z

}  // namespace ccm
