// SPDX-License-Identifier: Apache-2.0
#include "publication/note.h"

#include <algorithm>
#include <cstring>

namespace ccm::publication {
namespace {

constexpr unsigned kMostTries = 16;
constexpr std::size_t kNoteWord = sizeof(Word);

// An empty text stands for nullopt, because a note is never empty.
std::string copy_half(const Note& note, std::size_t half) {
  const BufferState& state = note.buffers[half];
  const std::uint64_t sequence = state.sequence.load(std::memory_order_acquire);
  const std::uint64_t size = state.size.load(std::memory_order_acquire);
  if (sequence % 2 != 0 || size > kNoteSize) return {};
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at += kNoteWord) {
    const std::uint64_t word = note.words[half][at / kNoteWord].load(std::memory_order_acquire);
    std::memcpy(&bytes[at], &word, std::min(kNoteWord, size - at));
  }
  if (state.sequence.load(std::memory_order_acquire) != sequence) return {};
  return bytes;
}

}  // namespace

// The numbers are the steps in layout.h.
void write_note(Note& note, std::string_view bytes) noexcept {
  const std::uint64_t generation = note.generation.load(std::memory_order_relaxed);
  const std::size_t idle = current_buffer(generation + 1);
  BufferState& state = note.buffers[idle];
  const std::uint64_t sequence = state.sequence.load(std::memory_order_relaxed) | 1U;  // 1
  state.sequence.store(sequence, std::memory_order_release);
  state.size.store(bytes.size(), std::memory_order_release);
  for (std::size_t at = 0; at < bytes.size(); at += kNoteWord) {  // 2
    std::uint64_t word = 0;
    std::memcpy(&word, &bytes[at], std::min(kNoteWord, bytes.size() - at));
    note.words[idle][at / kNoteWord].store(word, std::memory_order_release);
  }
  state.sequence.store(sequence + 1, std::memory_order_release);     // 3
  note.generation.store(generation + 1, std::memory_order_release);  // 4
}

std::string read_note(const Note& note) {
  for (unsigned attempt = 0; attempt < kMostTries; ++attempt) {
    const std::uint64_t generation = note.generation.load(std::memory_order_acquire);
    if (generation == 0) return {};
    std::string bytes = copy_half(note, current_buffer(generation));
    if (!bytes.empty()) return bytes;
  }
  return {};
}

}  // namespace ccm::publication
