// SPDX-License-Identifier: Apache-2.0
// Bytes that must not leak: private keys, secret keys, tokens, passwords. Move-only, wiped when
// dropped or overwritten, and not printable: formatting one does not compile.
//
// Owned by whoever holds it; not synchronised. The bytes live in one heap block that never moves,
// so growing never leaves a copy behind.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ccm {

// Overwrites memory in a way the optimiser may not remove.
void wipe(std::span<std::byte> bytes) noexcept;
// Wipes and empties a string that held a secret on its way through a library that wants strings.
void wipe(std::string& text) noexcept;

class Secret {
 public:
  Secret() = default;
  // A copy of `bytes`; the source stays the caller's to wipe.
  static Secret copy_of(std::span<const std::byte> bytes);
  static Secret copy_of(std::string_view text);
  // Takes the text over and wipes the source.
  static Secret taken_from(std::string& text);
  // A block of `size` zero bytes to be filled in place.
  static Secret of_size(std::size_t size);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  std::span<const std::byte> bytes() const noexcept { return {data_.get(), size_}; }
  std::span<std::byte> mutable_bytes() noexcept { return {data_.get(), size_}; }
  // The bytes seen as text, for libraries that want it. Never store or log what this returns.
  std::string_view reveal() const noexcept;
  Secret clone() const { return copy_of(bytes()); }
  // Comparison whose time does not depend on the contents.
  bool equals(const Secret& other) const noexcept;

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
};

}  // namespace ccm

// A secret is unformattable: fmt::format("{}", secret) fails to compile.
template <>
struct fmt::formatter<ccm::Secret> {
  formatter() = delete;
};
