// SPDX-License-Identifier: Apache-2.0
// The memory shared between the agent (or the server's master) and its workers: one anonymous
// memfd.
//
//   Header | Directory: slot_count × Entry, sorted by name, one Entry for the proofs, and one for
//          |   the ticket keys
//          | Buffers: slot_count × 2 × kBufferSize, 2 × kProofsBufferSize, and
//          |   2 × kTicketKeysBufferSize
//          | Notes: (kFirstCertificateNote + slot_count) × Note
//          | Catalogues: catalogue_count × kCatalogueSize (catalogue_layout.h), and behind them
//          what
//            workers tell the agent (asked_names.h), the only part that they may write
//
// The last two entries have no name. One is for the files with which an authority is shown that a
// domain is ours: one text for the whole server (Writer::publish_proofs), published like a
// certificate. The other is for the keys of session tickets (Writer::publish_ticket_keys).
//
// The directory is dense and holds everything that is looked at often or while nothing is
// published; the buffers hold the encoded values (codec.h) and nothing else. Their addresses follow
// from the slot index, so the file is sparse: a buffer that holds nothing costs no memory (reading
// a hole of a shared mapping would allocate it, which is why no header lives there), and 100,000
// certificates fit.
//
// One writer at a time (the master before the agent starts, then the agent); any number of readers,
// which map the segment read-only and never wait. A publication goes:
//
//   1. sequence of the idle buffer becomes odd, its size what is about to be written
//   2. the value is written
//   3. its size and an even sequence are stored
//   4. the entry's generation grows by one: its lowest bit names the current buffer
//   5. sequence of the superseded buffer becomes odd, its bytes are wiped, its size becomes 0
//
// A writer that dies before 4 leaves the current buffer as it was; one that dies later leaves key
// bytes in the idle buffer, which the next writer to attach wipes. A reader copies the current
// buffer out and takes the copy only if the buffer's sequence was even and is still the same;
// otherwise it starts again from the generation.
//
// Notes hold what people and machines may know of it all (status.h): one of the agent, some of the
// calls that it makes, some of its fleet, one for each certificate, nothing secret in any. They are
// written and read in the same way, but for 5: the superseded half of a note stays as it is.
//
// Both sides touch a buffer at the same time by design, so its bytes are only accessed as atomic
// words: stored with release, loaded with acquire order. That makes the sequence check sound
// without fences: whoever has loaded a word of a later writing also sees that writing's odd
// sequence.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ccm::publication {

inline constexpr std::uint64_t kMagic = 0x31304d4343534c54;  // "TLSCCM01"
inline constexpr std::uint32_t kLayoutVersion = 5;
inline constexpr std::size_t kNameSize = 144;                       // name with terminating zero
inline constexpr std::size_t kBufferSize = std::size_t{64} * 1024;  // one encoded value
inline constexpr std::size_t kProofsBufferSize = std::size_t{1024} * 1024;
inline constexpr std::size_t kTicketKeysBufferSize = std::size_t{4} * 1024;
inline constexpr std::size_t kBuffersPerSlot = 2;
inline constexpr std::uint32_t kMaxSlots = 1U << 17U;
// The start of the directory and of the buffers; a multiple of every page size in use.
inline constexpr std::size_t kAlignment = std::size_t{64} * 1024;

// Behind the header, in a cache line of its own: when the writer last gave a sign of life, in
// nanoseconds of the steady clock, a Word; 0: no agent has done so yet.
inline constexpr std::size_t kBeatOffset = 64;

using Word = std::atomic<std::uint64_t>;

struct Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t slot_count;
  std::uint64_t directory_offset;  // bytes from the start of the segment
  std::uint64_t buffers_offset;
  std::uint64_t notes_offset;
  std::uint64_t catalogues_offset;
  std::uint64_t catalogue_count;
};

struct BufferState {
  Word
      sequence;  // odd while the buffer is the writer's: being filled, wiped, or empty after a wipe
  Word size;     // bytes of the encoded value; while odd: how far there may be bytes to wipe
};

struct Entry {
  std::array<char, kNameSize> name;
  // 0: nothing was ever published. Otherwise it grows by one with every publication and its lowest
  // bit is the index of the current buffer.
  Word generation;
  std::array<BufferState, kBuffersPerSlot> buffers;
  std::uint64_t reserved;
};

inline constexpr std::size_t kNoteSize = 1000;  // one encoded note, at most
inline constexpr std::uint32_t kAgentNote = 0;
inline constexpr std::uint32_t kFirstCallNote = 1;
inline constexpr std::uint32_t kCallNotes = 25;
inline constexpr std::uint32_t kFirstFleetNote = kFirstCallNote + kCallNotes;
inline constexpr std::uint32_t kFleetNotes = 6;
inline constexpr std::uint32_t kFirstCertificateNote = kFirstFleetNote + kFleetNotes;

struct Note {
  Word generation;  // as an Entry's
  std::array<BufferState, kBuffersPerSlot> buffers;
  std::array<std::array<Word, kNoteSize / sizeof(Word)>, kBuffersPerSlot> words;
  std::uint64_t reserved;
};

static_assert(sizeof(Header) <= kBeatOffset && kBeatOffset + sizeof(Word) <= kAlignment);
static_assert(sizeof(Entry) == 192, "the layout is shared between programs");
static_assert(sizeof(Note) == 2048, "none lies across the border of two pages");
static_assert(sizeof(Word) == 8 && Word::is_always_lock_free,
              "readers and writers are different processes");

constexpr std::size_t current_buffer(std::uint64_t generation) noexcept {
  return generation % kBuffersPerSlot;
}

}  // namespace ccm::publication
