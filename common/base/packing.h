// SPDX-License-Identifier: Apache-2.0
// Packed values, for data between two of our processes: numbers of 32 bits, least significant byte
// first, and blocks with their length in front. Each format defines which values there are, and in
// which order (config/input/wire.h, publication/codec.h).
//
// One thread. What is packed may be a key, so the bytes are a Secret all the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/secret.h"

namespace ccm {

inline constexpr std::size_t kPackedNumberSize = 4;

class Packer {
 public:
  // `expected`: the number of bytes, if known; a right guess saves a copy.
  explicit Packer(std::size_t expected = 0) : bytes_(Secret::of_size(expected)) {}

  void number(std::uint32_t value);
  // For lengths and counts, which the formats keep far below 4 GiB.
  void size(std::size_t value) { number(static_cast<std::uint32_t>(value)); }
  void raw(std::span<const std::byte> bytes);
  void raw(std::string_view text) { raw(std::as_bytes(std::span(text))); }
  void block(std::span<const std::byte> bytes);
  void block(std::string_view text) { block(std::as_bytes(std::span(text))); }

  Secret take() &&;

 private:
  Secret bytes_;
  std::size_t used_ = 0;
};

// Trusts no length: after the first value that does not fit, everything it reads is empty and
// `failed` stays true, so that callers check once per record. It returns views.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}
  explicit Unpacker(std::string_view bytes) noexcept : rest_(std::as_bytes(std::span(bytes))) {}

  bool failed() const noexcept { return failed_; }
  bool is_complete() const noexcept { return !failed_ && rest_.empty(); }

  std::uint32_t number() noexcept;
  // How many items follow. Each takes at least one number, so a count that is larger than the rest
  // allows fails.
  std::uint32_t count() noexcept;
  std::span<const std::byte> raw(std::size_t size) noexcept;
  std::span<const std::byte> block() noexcept { return raw(number()); }
  std::string_view text(std::size_t size) noexcept;
  std::string_view text() noexcept { return text(number()); }

 private:
  std::span<const std::byte> rest_;
  bool failed_ = false;
};

}  // namespace ccm
