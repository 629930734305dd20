// SPDX-License-Identifier: Apache-2.0
// What may be a state directory: one of our own making, or an empty one that nobody else needs.
// Everything in it will belong to the agent's account, and whoever can exchange it decides what a
// server shows; so a directory with anything else in it is refused, and one that others own, may
// write or may replace.
//
// A store says what it is in a file, "ccm-store", with the number of its format. Stores of older
// releases have none and are known by what is in them. Links base only; any process. Judged for the
// account that shall keep the store.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/handle.h"
#include "base/result.h"

namespace ccm::store {

// `keeper`: the agent's account, or who we are when we are not root. The sentence names the
// directory and what would be right. `rejected`: others may have planted what is in it, so nobody
// may believe it; `invalid`: no agent may work in it, and reading does no harm. A directory that is
// not there yet is judged by those above it. What we may not look at counts as right.
Result<void> check_state_directory(const std::string& path, uid_t keeper);
// Only what makes it unbelievable, for a server that reads it whoever shall keep it. `user`: the
// setting of that name, empty for the default account. nullopt: it may
// be read.
std::optional<Error> distrust_of_store(const std::string& path, const std::string& user);

// The same for a directory that is there, opened; what was judged cannot be exchanged any more.
// Opened with O_PATH, as an account may own what root may not read.
Result<FileDescriptor> open_state_directory(const std::string& path, uid_t keeper);

// What a directory is to somebody who only reads it. What we may not look at counts as a store, and
// so does a store of an older release that is not complete.
enum class DirectoryContent : std::uint8_t { store, nothing, foreign };
// `nothing` when it is not there.
DirectoryContent content_of_directory(const std::string& path);

// Whether a file name at the top of a store is one that we give.
bool is_store_name(const std::string& name) noexcept;

// Marks an empty directory as a store, and a store of an older release as what it is. `invalid`
// when the directory is neither.
Result<void> mark_as_store(const std::string& path, const FileAccess& access = {});

}  // namespace ccm::store
