// SPDX-License-Identifier: Apache-2.0
#include "publication/segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/trial.h"
#include "publication/catalogue/asked_names.h"
#include "publication/catalogue/catalogue_layout.h"

namespace ccm::publication {
namespace {

constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;
constexpr std::size_t kWordSize = sizeof(Word);

struct Extents {
  std::uint64_t directory_offset;
  std::uint64_t buffers_offset;
  std::uint64_t notes_offset;
  std::uint64_t catalogues_offset;
  std::size_t size;
};

constexpr std::uint64_t aligned(std::uint64_t offset) noexcept {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

// What a process can map and a file can hold.
constexpr std::uint64_t kLargest =
    std::min<std::uint64_t>(std::numeric_limits<std::size_t>::max() / 2,
                            static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()));

// The position of every part, for a number of slots; nullopt when this machine cannot address it.
std::optional<Extents> extents_for(std::uint64_t slot_count, std::uint64_t catalogues) noexcept {
  if (slot_count > kMaxSlots || catalogues > kMostCatalogueAreas) return std::nullopt;
  const std::uint64_t directory = aligned(sizeof(Header));
  // At most 2^17 slots of 2^17 bytes: no overflow in 64 bits.
  const std::uint64_t entries = slot_count + 2;
  const std::uint64_t buffers = aligned(directory + entries * sizeof(Entry));
  const std::uint64_t notes = buffers + slot_count * kBuffersPerSlot * kBufferSize +
                              kBuffersPerSlot * (kProofsBufferSize + kTicketKeysBufferSize);
  const std::uint64_t end = notes + (kFirstCertificateNote + slot_count) * sizeof(Note);
  const std::uint64_t first = catalogues == 0 ? end : aligned(end);
  const std::uint64_t asked = catalogues == 0 ? 0 : kAskedSize;
  const std::uint64_t size = first + catalogues * kCatalogueSize + asked;
  if (size > kLargest) return std::nullopt;
  return Extents{directory, buffers, notes, first, static_cast<std::size_t>(size)};
}

void try_madvise() {
  static_cast<void>(madvise(nullptr, 0, MADV_DONTDUMP));
}

Failure unusable(std::string_view problem) {
  return fail(ErrorKind::invalid, fmt::format("the publication segment {}", problem));
}

// A file that takes no seals must at least be one that nobody can open any more.
bool is_safe_from_truncation(int fd, const struct stat& facts) noexcept {
  const int seals = fcntl(fd, F_GET_SEALS);
  if (seals >= 0 && (seals & kSizeSeals) == kSizeSeals) return true;
  const bool is_sealable = seals >= 0 && seals != F_SEAL_SEAL;
  return !is_sealable && S_ISREG(facts.st_mode) && facts.st_nlink == 0 &&
         (facts.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == S_IRUSR;
}

// ENOSPC now instead of SIGBUS later. If the system does not know the call or refuses it, nothing
// is reserved.
bool is_full(int fd, std::uint64_t offset, std::uint64_t size) noexcept {
  return fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size)) !=
             0 &&
         (errno == ENOSPC || errno == EDQUOT || errno == ENOMEM);
}

// The rest of the head stays zero, like all of a new file.
Result<void> name_catalogues(int file, const Extents& extents,
                             const std::vector<std::string>& names) {
  static_assert(offsetof(CatalogueHead, name) == 0);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto place = static_cast<off_t>(extents.catalogues_offset + i * kCatalogueSize);
    const auto size = static_cast<ssize_t>(names[i].size());
    if (pwrite(file, names[i].data(), names[i].size(), place) == size) continue;
    return fail(system_error("create the publication segment", errno));
  }
  return {};
}

void fill_directory(std::byte* base, const Extents& extents, const std::vector<std::string>& names,
                    std::size_t catalogues) noexcept {
  auto* entries = reinterpret_cast<Entry*>(base + extents.directory_offset);
  for (std::size_t i = 0; i < names.size(); ++i) {
    Entry* entry = ::new (&entries[i]) Entry{};
    std::copy(names[i].begin(), names[i].end(), entry->name.begin());
  }
  ::new (&entries[names.size()]) Entry{};
  ::new (&entries[names.size() + 1]) Entry{};
  ::new (base) Header{.magic = kMagic,
                      .version = kLayoutVersion,
                      .slot_count = static_cast<std::uint32_t>(names.size()),
                      .directory_offset = extents.directory_offset,
                      .buffers_offset = extents.buffers_offset,
                      .notes_offset = extents.notes_offset,
                      .catalogues_offset = extents.catalogues_offset,
                      .catalogue_count = catalogues};
}

}  // namespace

Result<MemoryFile> Segment::create(const std::vector<std::string>& sorted_names,
                                   const std::vector<std::string>& catalogues,
                                   const std::string& last_resort) {
  constexpr std::string_view kActivity = "create the publication segment";
  const auto extents = extents_for(sorted_names.size(), catalogues.size());
  if (!extents) {
    return unusable(fmt::format("cannot hold {} certificates; the limit is {}", sorted_names.size(),
                                kMaxSlots));
  }
  Result<MemoryFile> made = make_memory_file("ccm-publication", last_resort);
  if (!made) return fail_with(std::move(made), kActivity);
  const FileDescriptor& file = made->file;
  const bool is_memfd = made->place.empty();
  // Whoever restricts the system calls of a unit has to know which call is missing.
  const auto refused = [&](const char* call) {
    return fail(system_error(fmt::format("{} ({})", kActivity, call), errno));
  };
  if (fchmod(file.get(), S_IRUSR) != 0) return refused("fchmod");
  if (ftruncate(file.get(), static_cast<off_t>(extents->size)) != 0) return refused("ftruncate");
  if (is_memfd && fcntl(file.get(), F_ADD_SEALS, kSizeSeals) != 0) return refused("fcntl");
  if (is_full(file.get(), 0, extents->buffers_offset) ||
      (!catalogues.empty() && is_full(file.get(), extents->size - kAskedSize, kAskedSize))) {
    return fail(system_error(kActivity, errno));
  }
  // Only the directory: the buffers stay untouched.
  void* base =
      mmap(nullptr, extents->buffers_offset, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (base == MAP_FAILED) return fail(system_error(kActivity, errno));
  fill_directory(static_cast<std::byte*>(base), *extents, sorted_names, catalogues.size());
  munmap(base, extents->buffers_offset);
  if (auto named = name_catalogues(file.get(), *extents, catalogues); !named) {
    return pass(std::move(named));
  }
  return made;
}

Result<Segment> Segment::map(int fd, Access access) {
  constexpr std::string_view kActivity = "map the publication segment";
  struct stat facts {};
  if (fstat(fd, &facts) != 0) return fail(system_error(kActivity, errno));
  // Without the seals somebody could truncate the file and make every reader die of SIGBUS.
  if (!is_safe_from_truncation(fd, facts)) return unusable("is not sealed");
  if (facts.st_size < static_cast<off_t>(sizeof(Header))) return unusable("is too small");
  const auto size = static_cast<std::size_t>(facts.st_size);
  const int protection = access == Access::read_write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* base = mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return fail(system_error(kActivity, errno));
  Segment segment(static_cast<std::byte*>(base), size);
  // When this is refused, the server's configuration test says so (config/checks/host_checks.h).
  if (!is_deadly(try_madvise)) static_cast<void>(madvise(base, size, MADV_DONTDUMP));
  if (auto checked = segment.check(); !checked) return pass(std::move(checked));
  return segment;
}

Result<void> Segment::check() {
  Header header{};
  std::memcpy(&header, base_, sizeof header);
  if (header.magic != kMagic) return unusable("is none");
  if (header.version != kLayoutVersion) {
    return unusable(
        fmt::format("has layout version {}, but this program knows version {}; agent "
                    "and server module must be of the same release",
                    header.version, kLayoutVersion));
  }
  const auto extents = extents_for(header.slot_count, header.catalogue_count);
  if (!extents || extents->size != size_ || extents->directory_offset != header.directory_offset ||
      extents->buffers_offset != header.buffers_offset ||
      extents->notes_offset != header.notes_offset ||
      extents->catalogues_offset != header.catalogues_offset) {
    return unusable("has sizes that contradict each other");
  }
  slot_count_ = header.slot_count;
  buffers_offset_ = header.buffers_offset;
  notes_offset_ = header.notes_offset;
  catalogues_offset_ = header.catalogues_offset;
  catalogue_count_ = header.catalogue_count;
  for (std::uint32_t slot = 0; slot < slot_count_; ++slot) {
    const std::string_view own = name(slot);
    if (own.empty() || own.size() == kNameSize || (slot > 0 && name(slot - 1) >= own)) {
      return unusable("has a directory that is out of order");
    }
  }
  return {};
}

Segment::Segment(Segment&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      slot_count_(std::exchange(other.slot_count_, 0)),
      buffers_offset_(other.buffers_offset_),
      notes_offset_(other.notes_offset_),
      catalogues_offset_(other.catalogues_offset_),
      catalogue_count_(other.catalogue_count_) {}

Segment& Segment::operator=(Segment&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  std::swap(slot_count_, other.slot_count_);
  std::swap(buffers_offset_, other.buffers_offset_);
  std::swap(notes_offset_, other.notes_offset_);
  std::swap(catalogues_offset_, other.catalogues_offset_);
  std::swap(catalogue_count_, other.catalogue_count_);
  return *this;
}

Segment::~Segment() {
  if (base_ != nullptr) munmap(base_, size_);
}

std::optional<std::uint32_t> Segment::find(std::string_view wanted) const noexcept {
  std::uint32_t first = 0;
  std::uint32_t last = slot_count_;
  while (first < last) {
    const std::uint32_t middle = first + (last - first) / 2;
    if (name(middle) < wanted) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  if (first == slot_count_ || name(first) != wanted) return std::nullopt;
  return first;
}

const Entry& Segment::entry(std::uint32_t slot) const noexcept {
  return reinterpret_cast<const Entry*>(base_ + aligned(sizeof(Header)))[slot];
}

Entry& Segment::entry(std::uint32_t slot) noexcept {
  return const_cast<Entry&>(std::as_const(*this).entry(slot));
}

const Word& Segment::beat() const noexcept {
  return *reinterpret_cast<const Word*>(base_ + kBeatOffset);
}

Word& Segment::beat() noexcept {
  return const_cast<Word&>(std::as_const(*this).beat());
}

std::string_view Segment::name(std::uint32_t slot) const noexcept {
  const auto& text = entry(slot).name;
  return {text.data(), strnlen(text.data(), text.size())};
}

std::uint64_t Segment::buffer_offset(std::uint32_t slot, std::size_t buffer) const noexcept {
  const std::uint64_t before = std::min(slot, proofs_slot());
  std::uint64_t first = buffers_offset_ + before * kBuffersPerSlot * kBufferSize;
  if (slot == ticket_keys_slot()) first += kBuffersPerSlot * kProofsBufferSize;
  return first + buffer * buffer_size(slot);
}

std::uint64_t Segment::catalogue_offset(std::size_t index) const noexcept {
  return catalogues_offset_ + index * kCatalogueSize;
}

const Note& Segment::note(std::uint32_t index) const noexcept {
  return reinterpret_cast<const Note*>(base_ + notes_offset_)[index];
}

Note& Segment::note(std::uint32_t index) noexcept {
  return const_cast<Note&>(std::as_const(*this).note(index));
}

Result<void> Segment::reserve_note(int file, std::uint32_t index) const {
  const std::uint64_t offset = notes_offset_ + std::uint64_t{index} * sizeof(Note);
  if (!is_full(file, offset, sizeof(Note))) return {};
  return fail(system_error("make room for the status in the publication segment", errno));
}

Result<void> Segment::reserve(int file, std::uint32_t slot, std::size_t buffer,
                              std::size_t size) const {
  if (size == 0 || !is_full(file, buffer_offset(slot, buffer), size)) return {};
  return fail(system_error("make room in the publication segment", errno));
}

Word* Segment::words(std::uint32_t slot, std::size_t buffer) const noexcept {
  return reinterpret_cast<Word*>(base_ + buffer_offset(slot, buffer));
}

Secret Segment::copy_out(std::uint32_t slot, std::size_t buffer, std::size_t size) const {
  Secret copy = Secret::of_size(size);
  const std::span<std::byte> bytes = copy.mutable_bytes();
  const Word* word = words(slot, buffer);
  for (std::size_t at = 0; at < size; at += kWordSize, ++word) {
    const std::uint64_t value = word->load(std::memory_order_acquire);
    std::memcpy(&bytes[at], &value, std::min(kWordSize, size - at));
  }
  return copy;
}

void Segment::copy_in(std::uint32_t slot, std::size_t buffer,
                      std::span<const std::byte> bytes) noexcept {
  Word* word = words(slot, buffer);
  for (std::size_t at = 0; at < bytes.size(); at += kWordSize, ++word) {
    std::uint64_t value = 0;
    std::memcpy(&value, &bytes[at], std::min(kWordSize, bytes.size() - at));
    word->store(value, std::memory_order_release);
  }
}

void Segment::wipe(std::uint32_t slot, std::size_t buffer, std::size_t size) noexcept {
  Word* word = words(slot, buffer);
  for (std::size_t at = 0; at < size; at += kWordSize, ++word) {
    word->store(0, std::memory_order_release);
  }
}

}  // namespace ccm::publication
