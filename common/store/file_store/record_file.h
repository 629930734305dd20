// SPDX-License-Identifier: Apache-2.0
// One small record of a file store: a file that carries its version and the checksum of its value.
// Callers serialise writers. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace ccm::store {

// nullopt when there is none; `invalid` when it was altered or truncated.
Result<std::optional<StoredRecord>> read_record_file(const std::string& directory,
                                                     std::string_view kind);
// Replaces the record atomically if its version is `expected`; otherwise `transient`. 0 stands for
// no record or a damaged one, so that a damaged record can be replaced. Returns the new version.
Result<std::uint64_t> write_record_file(const std::string& directory, std::string_view kind,
                                        const Secret& value, std::uint64_t expected);
// Replaces the record atomically, whatever its version, for a copy of another store's record.
Result<void> replace_record_file(const std::string& directory, std::string_view kind,
                                 const Secret& value, std::uint64_t version);
// Succeeds when there is none.
Result<void> remove_record_file(const std::string& directory, std::string_view kind);

}  // namespace ccm::store
