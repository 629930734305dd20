// The memory shared between the agent (or the server's master) and its workers: one anonymous memfd.
//
//   Header | Directory: slot_count × Entry, sorted by name | Slots: slot_count × Slot
//   Slot = two buffers of kBufferSize bytes, each preceded by its own header
//
// Addresses are computed from the slot index only, so the file is sparse: a slot that holds nothing
// costs no memory, and 100,000 certificates fit.
//
// One writer at a time (the master before the agent starts, then the agent); any number of readers,
// which map the segment read-only and never wait. The writer fills the buffer that is not current,
// then stores the new generation with release order; the generation's lowest bit names the current
// buffer. A writer that dies half-way leaves the generation, and so the current buffer, untouched.
// A reader copies the buffer out and checks afterwards that the writer has not come round to it again
// (the buffer's own sequence number), and retries if so.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ccm::publication {

inline constexpr std::uint64_t kMagic = 0x31304d4343534c54;  // "TLSCCM01"
inline constexpr std::uint32_t kLayoutVersion = 1;
inline constexpr std::size_t kNameSize = 144;          // name with terminating zero
inline constexpr std::size_t kBufferSize = 64 * 1024;  // one encoded value, header included
inline constexpr std::uint32_t kMaxSlots = 1U << 17U;

struct Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t slot_count;
  std::uint64_t directory_offset;  // bytes from the start of the segment
  std::uint64_t slots_offset;
};

struct Entry {
  char name[kNameSize];
};

// Followed by the encoded value (codec.h).
struct BufferHeader {
  std::atomic<std::uint64_t> sequence;  // odd while the writer is in it
  std::uint64_t size;                   // bytes of the encoded value
};

struct SlotHeader {
  // 0: nothing was ever published. Otherwise it grows by one with every publication and its lowest
  // bit is the index of the current buffer.
  std::atomic<std::uint64_t> generation;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free,
              "readers and writers are different processes");

}  // namespace ccm::publication
