// SPDX-License-Identifier: Apache-2.0
#include "base/packing.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ccm {

void Packer::number(std::uint32_t value) {
  std::array<std::byte, kPackedNumberSize> bytes{};
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(value & 0xFFU);
    value >>= 8U;
  }
  raw(bytes);
}

void Packer::raw(std::span<const std::byte> bytes) {
  const std::size_t needed = used_ + bytes.size();
  if (needed > bytes_.size()) {
    Secret larger = Secret::of_size(std::max(needed, 2 * bytes_.size()));
    std::copy_n(bytes_.bytes().begin(), used_, larger.mutable_bytes().begin());
    bytes_ = std::move(larger);
  }
  std::copy(bytes.begin(), bytes.end(), bytes_.mutable_bytes().subspan(used_).begin());
  used_ = needed;
}

void Packer::block(std::span<const std::byte> bytes) {
  size(bytes.size());
  raw(bytes);
}

Secret Packer::take() && {
  if (used_ == bytes_.size()) return std::move(bytes_);
  return Secret::copy_of(bytes_.bytes().first(used_));
}

std::uint32_t Unpacker::number() noexcept {
  std::uint32_t value = 0;
  const std::span<const std::byte> bytes = raw(kPackedNumberSize);
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = (value << 8U) | std::to_integer<std::uint32_t>(bytes[i - 1]);
  }
  return value;
}

std::uint32_t Unpacker::count() noexcept {
  const std::uint32_t value = number();
  if (value > rest_.size() / kPackedNumberSize) failed_ = true;
  return failed_ ? 0 : value;
}

std::span<const std::byte> Unpacker::raw(std::size_t size) noexcept {
  if (failed_ || size > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::span<const std::byte> taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

std::string_view Unpacker::text(std::size_t size) noexcept {
  const std::span<const std::byte> bytes = raw(size);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace ccm
