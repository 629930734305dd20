// SPDX-License-Identifier: Apache-2.0
// Reading and writing one note of the segment (layout.h), word by word. Publication room only; one
// writer, any number of readers.
#pragma once

#include <string>
#include <string_view>

#include "publication/layout.h"

namespace ccm::publication {

// `bytes`: at most kNoteSize, after Segment::reserve_note().
void write_note(Note& note, std::string_view bytes) noexcept;
// Empty when nothing was written yet, or when the writer changes the note faster than it can be
// read.
std::string read_note(const Note& note);

}  // namespace ccm::publication
