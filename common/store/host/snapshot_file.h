// SPDX-License-Identifier: Apache-2.0
// The file "snapshot" at the top of the state directory: bytes that the leader keeps there, so that
// a server starts without reading every certificate (publication/snapshot.h says what they are).
// Owner-only, as it holds private keys. Nothing depends on it: without it the store is read.
//
// The leader writes, one thread at a time; anybody who may read the store reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace ccm::store {

std::string snapshot_path(const std::string& state_path);

// `rejected` when there is none, or when it does not belong to the owner of the state directory
// or others may write it.
Result<Secret> read_snapshot(const std::string& state_path);
// All of it at once: the old one or the new one is there at any moment.
Result<void> replace_snapshot(const std::string& state_path, const Secret& content);
// Behind what is there; where it begins. `rejected` when there is none. What did not fit on the
// disk is taken back.
Result<std::uint64_t> append_to_snapshot(const std::string& state_path, const Secret& content);
// Overwrites a part that was superseded, with the private key in it, with zeroes.
void wipe_in_snapshot(const std::string& state_path, std::uint64_t at, std::size_t size) noexcept;
// What was in it is in the store. Fine when there is none.
void remove_snapshot(const std::string& state_path) noexcept;

}  // namespace ccm::store
