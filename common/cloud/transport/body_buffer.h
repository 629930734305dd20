// SPDX-License-Identifier: Apache-2.0
// A body of unknown length that never leaves an unwiped copy behind when it grows. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "base/secret.h"

namespace ccm::cloud {

class BodyBuffer {
 public:
  // In bytes.
  explicit BodyBuffer(std::size_t limit) : limit_(limit) {}

  // False when it would become too large; the buffer keeps what it has.
  bool append(std::span<const std::byte> data) {
    if (data.size() > limit_ - size_) {
      is_too_large_ = true;
      return false;
    }
    reserve(size_ + data.size());
    std::copy(data.begin(), data.end(), block_.mutable_bytes().begin() + position());
    size_ += data.size();
    return true;
  }
  bool is_too_large() const { return is_too_large_; }
  Secret take() const { return Secret::copy_of(block_.bytes().first(size_)); }

 private:
  std::ptrdiff_t position() const { return static_cast<std::ptrdiff_t>(size_); }
  void reserve(std::size_t wanted) {
    if (wanted <= block_.size()) return;
    Secret larger = Secret::of_size(std::max({wanted, 2 * block_.size(), std::size_t{16384}}));
    const auto used = block_.bytes().first(size_);
    std::copy(used.begin(), used.end(), larger.mutable_bytes().begin());
    block_ = std::move(larger);
  }

  std::size_t limit_;
  std::size_t size_ = 0;
  bool is_too_large_ = false;
  Secret block_;
};

}  // namespace ccm::cloud
