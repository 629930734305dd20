// SPDX-License-Identifier: Apache-2.0
// What changed last in a file store. There are two files, because other programs watch the first:
//
//   revision   a number: rewritten after every change of a current version and of what is to be
//              stapled, by older releases as well
//   changes    the names of the certificates that changed last, records included
//
//     ccm-changes-1 NUMBER LIFE FLOOR REVISION SHA256     tells of the changes FLOOR+1 to NUMBER
//     56 www                                              each certificate once, at its last change
//     57 api
//
// A reader looks at everything when `changes` is missing, truncated or altered, when an older
// release has written another `revision` since, and when LIFE is another one. A new leader begins a
// new life, because the previous leader may have been killed between a change and its line here. So
// damage costs time only.
//
// Free functions. Callers serialise writers; reading is for any process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::size_t kMostJournalNames = 256;

Changes read_changes(const std::string& state_path, const Revision& before);

enum class Changed : std::uint8_t { what_is_served, records };
// To be called after a change of the certificate. Wakes everyone who watches the directory. If the
// note cannot be written because the disk is full, readers look at everything.
void note_change(const std::string& state_path, const std::string& name, Changed what);
// Says that anything may have changed.
void note_new_life(const std::string& state_path);

}  // namespace ccm::store
