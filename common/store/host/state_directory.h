// SPDX-License-Identifier: Apache-2.0
// Which directory may be a state directory: one that we have made, or an empty one that nobody else
// needs. The agent's account will own everything in it, and whoever can replace it decides what a
// server shows. So a directory is refused when it has other content, or when other accounts own it,
// may write to it or may replace it.
//
// The file "ccm-store" marks a store and holds the number of its format. Stores of older releases
// have no such file and are recognised by their content. Needs base only; any process.
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

// `keeper`: the account that keeps the store, which is the agent's, or this process's when it is
// not root. The error names the directory and what would be right. `rejected`: others may have put
// the content there, so nobody may trust it; `invalid`: no agent may work in it, but reading does
// no harm. For a directory that does not exist yet, its parents are checked. What this process may
// not look at counts as right.
Result<void> check_state_directory(const std::string& path, uid_t keeper);
// Only why the content cannot be trusted, for a server that reads the store; nullopt: it can.
// `user`: the setting of that name, empty for the default account.
std::optional<Error> distrust_of_store(const std::string& path, const std::string& user);

// Opens an existing directory and checks it in the same way, so that nobody can replace it after
// the check. Opens with O_PATH, because root may be unable to read what another account owns.
Result<FileDescriptor> open_state_directory(const std::string& path, uid_t keeper);

// What a directory is to a reader. A directory that this process may not look at counts as a store,
// and so does an incomplete store of an older release.
enum class DirectoryContent : std::uint8_t { store, nothing, foreign };
// `nothing` when it does not exist.
DirectoryContent content_of_directory(const std::string& path);

// Whether a file of a store, at its top, has this name.
bool is_store_name(const std::string& name) noexcept;

// Marks an empty directory, or a store of an older release, as a store. `invalid` when the
// directory is neither.
Result<void> mark_as_store(const std::string& path, const FileAccess& access = {});

}  // namespace ccm::store
