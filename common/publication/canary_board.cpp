// SPDX-License-Identifier: Apache-2.0
#include "publication/canary_board.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/memory_file.h"
#include "publication/layout.h"

namespace ccm::publication {
namespace {

constexpr std::uint64_t kCanaryMagic = 0x313059524e414343;  // "CCANRY01"
constexpr std::string_view kSlotSuffix = "/canary";

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

struct alignas(64) CanaryBoard::Header {
  std::uint64_t magic;
  std::uint64_t count;
};

struct alignas(64) CanaryBoard::Row {
  std::array<char, kNameSize> name;  // with a terminating zero
  Lanes lanes;
};

std::string canary_slot(std::string_view certificate) {
  return fmt::format("{}{}", certificate, kSlotSuffix);
}

bool is_canary_slot(std::string_view slot) noexcept {
  return slot.ends_with(kSlotSuffix);
}

CanarySide CanaryBoard::Lane::read() const noexcept {
  CanarySide side;
  for (std::size_t i = 0; i < kCanaryCounts; ++i) {
    side.counts[i] = counts[i].load(std::memory_order_relaxed);
  }
  return side;
}

Result<FileDescriptor> CanaryBoard::create(std::vector<std::string> names,
                                           const std::string& last_resort) {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "different processes count");
  constexpr std::string_view kActivity = "make memory for what workers count of canaries";
  names = sorted(std::move(names));
  auto made = make_memory_file("ccm-canary", last_resort);
  if (!made) return fail_with(std::move(made), kActivity);
  const std::size_t size = sizeof(Header) + names.size() * sizeof(Row);
  if (ftruncate(made->file.get(), static_cast<off_t>(size)) != 0) {
    return fail(system_error(std::string(kActivity), errno));
  }
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, made->file.get(), 0);
  if (memory == MAP_FAILED) return fail(system_error(std::string(kActivity), errno));
  CanaryBoard board(static_cast<std::byte*>(memory), size, 0);
  auto& header = *static_cast<Header*>(memory);
  header.count = names.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto& name = board.row(i).name;
    names[i].copy(name.data(), name.size() - 1);
  }
  header.magic = kCanaryMagic;
  // A file on disk takes no seals, but only the server's own processes can write to it.
  static_cast<void>(
      fcntl(made->file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
  return std::move(made->file);
}

Result<CanaryBoard> CanaryBoard::open(int file, Access access) {
  struct stat status = {};
  if (fstat(file, &status) != 0) return fail(system_error("look at what workers count", errno));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || size < sizeof(Header)) {
    return fail(ErrorKind::invalid, "there is no memory for what workers count of canaries");
  }
  const int protection = access == Access::count ? PROT_READ | PROT_WRITE : PROT_READ;
  void* memory = mmap(nullptr, size, protection, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return fail(system_error("map what workers count", errno));
  CanaryBoard board(static_cast<std::byte*>(memory), size, status.st_ino);
  const auto& header = *static_cast<const Header*>(memory);
  if (header.magic != kCanaryMagic || header.count != (size - sizeof(Header)) / sizeof(Row)) {
    return fail(ErrorKind::invalid, "what workers count of canaries is another release's");
  }
  return board;
}

CanaryBoard::CanaryBoard(CanaryBoard&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), size_(other.size_), id_(other.id_) {}

CanaryBoard& CanaryBoard::operator=(CanaryBoard&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  std::swap(id_, other.id_);
  return *this;
}

CanaryBoard::~CanaryBoard() {
  if (base_ != nullptr) munmap(base_, size_);
}

std::size_t CanaryBoard::count() const noexcept {
  return (size_ - sizeof(Header)) / sizeof(Row);
}

CanaryBoard::Row& CanaryBoard::row(std::size_t index) const noexcept {
  return *reinterpret_cast<Row*>(base_ + sizeof(Header) + index * sizeof(Row));
}

bool CanaryBoard::has_names(std::vector<std::string> names) const {
  names = sorted(std::move(names));
  return names.size() == count() &&
         std::all_of(names.begin(), names.end(),
                     [this](const std::string& name) { return lanes(name) != nullptr; });
}

CanaryBoard::Lanes* CanaryBoard::lanes(std::string_view name) const noexcept {
  std::size_t first = 0;
  std::size_t last = count();
  while (first < last) {
    const std::size_t middle = first + (last - first) / 2;
    const Row& here = row(middle);
    const std::string_view its_name(here.name.data(), strnlen(here.name.data(), kNameSize));
    if (its_name == name) return &row(middle).lanes;
    (its_name < name ? first : last) = its_name < name ? middle + 1 : middle;
  }
  return nullptr;
}

CanaryTally CanaryBoard::read(std::string_view name) const noexcept {
  const Lanes* mine = lanes(name);
  if (mine == nullptr) return {};
  return {.current = mine->current.read(), .candidate = mine->candidate.read()};
}

}  // namespace ccm::publication
