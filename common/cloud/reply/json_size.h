// SPDX-License-Identifier: Apache-2.0
// How much a JSON text would become in memory, judged before a parser gets it. Each value of a
// document costs up to 300 bytes, so that 12 MiB of "{}," would take more than a gigabyte. Pure
// function, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace ccm::cloud {

// Far above the largest page of the services (some 1,000 records of 40 fields); some 30 MiB of
// memory.
inline constexpr std::size_t kMostJsonValues = 100'000;
// For what this program wrote itself.
inline constexpr std::size_t kAnyNumberOfValues = SIZE_MAX;
// The depth of objects and lists inside one another. The services need at most six.
inline constexpr std::size_t kDeepestJson = 32;

// `transient` when there are more values (member names not counted) than `most_values`, or deeper
// ones than kDeepestJson. Says nothing about whether the text is JSON. Linear in its length.
Result<void> check_json_size(std::string_view text, std::size_t most_values);

}  // namespace ccm::cloud
