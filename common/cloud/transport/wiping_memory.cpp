// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/wiping_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/secret.h"

namespace ccm::cloud {
namespace {

// The block's size is stored before it, in a slot that keeps the block aligned.
constexpr std::size_t kSlot = alignof(std::max_align_t);
static_assert(kSlot >= sizeof(std::size_t));

std::byte* start_of(void* block) noexcept {
  return static_cast<std::byte*>(block) - kSlot;
}

std::size_t size_of(void* block) noexcept {
  std::size_t size = 0;
  std::memcpy(&size, start_of(block), sizeof size);
  return size;
}

}  // namespace

void* wiping_malloc(std::size_t size) noexcept {
  if (size > SIZE_MAX - kSlot) return nullptr;
  auto* start = static_cast<std::byte*>(std::malloc(size + kSlot));
  if (start == nullptr) return nullptr;
  std::memcpy(start, &size, sizeof size);
  return start + kSlot;
}

void* wiping_calloc(std::size_t count, std::size_t size) noexcept {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* block = wiping_malloc(count * size);
  if (block != nullptr) std::memset(block, 0, count * size);
  return block;
}

void* wiping_realloc(void* block, std::size_t size) noexcept {
  void* grown = wiping_malloc(size);
  if (block == nullptr || grown == nullptr) return grown;
  std::memcpy(grown, block, std::min(size, size_of(block)));
  wiping_free(block);
  return grown;
}

char* wiping_strdup(const char* text) noexcept {
  const std::size_t size = std::strlen(text) + 1;
  void* block = wiping_malloc(size);
  return block == nullptr ? nullptr : static_cast<char*>(std::memcpy(block, text, size));
}

void wiping_free(void* block) noexcept {
  if (block == nullptr) return;
  wipe(std::span(static_cast<std::byte*>(block), size_of(block)));
  std::free(start_of(block));
}

}  // namespace ccm::cloud
