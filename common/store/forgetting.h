// SPDX-License-Identifier: Apache-2.0
// Letting go of a certificate that no server names any more: with its versions and their private
// keys, or without them. In the second case a mark says that the operator knows of it, "forgotten"
// among its records. The mark counts until the engine works on the certificate again, because a
// configuration names it again: then there is a state beside it.
//
// Callers serialise writers and hold the lease. Any process that may read, or write, the files.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace ccm::store {

inline constexpr std::string_view kForgotten = "forgotten";

// `invalid`, with what to do, when the settings that a server has left name the certificate, or
// cannot be read, so that nobody can tell.
Result<void> check_unnamed(const std::string& state_path, const std::string& name, SteadyTime now);

// Whether it was forgotten with its versions kept, and nobody has worked on it since.
bool is_forgotten(const std::string& state_path, const std::string& name);

// For FileStore::forget. `rejected` when there is no such entry. First out of sight as a whole, so
// that a kill leaves all of it or nothing that counts.
Result<void> remove_entry(const std::string& state_path, const std::string& name);
// Removes the records of an entry, and leaves the mark.
Result<void> strip_entry(const std::string& state_path, const std::string& name);
// Removes what a killed remove_entry() left.
Result<void> finish_removals(const std::string& state_path);

}  // namespace ccm::store
