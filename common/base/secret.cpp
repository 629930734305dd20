// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <string.h>

#include <cstring>
#include <utility>

namespace ccm {

void wipe(std::span<std::byte> bytes) noexcept {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) noexcept {
  // The whole capacity: a shrunk string keeps its old tail.
  text.resize(text.capacity());
  wipe(std::as_writable_bytes(std::span(text)));
  text.clear();
}

Secret Secret::of_size(std::size_t size) {
  Secret secret;
  secret.data_ = std::make_unique<std::byte[]>(size);
  secret.size_ = size;
  return secret;
}

Secret Secret::copy_of(std::span<const std::byte> bytes) {
  Secret secret = of_size(bytes.size());
  if (!bytes.empty()) std::memcpy(secret.data_.get(), bytes.data(), bytes.size());
  return secret;
}

Secret Secret::copy_of(std::string_view text) {
  return copy_of(std::as_bytes(std::span(text)));
}

Secret Secret::taken_from(std::string& text) {
  Secret secret = copy_of(text);
  wipe(text);
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(mutable_bytes());
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() {
  wipe(mutable_bytes());
}

std::string_view Secret::reveal() const noexcept {
  return {reinterpret_cast<const char*>(data_.get()), size_};
}

bool Secret::equals(const Secret& other) const noexcept {
  if (size_ != other.size_) return false;
  std::byte difference{0};
  for (std::size_t i = 0; i < size_; ++i) difference |= data_[i] ^ other.data_[i];
  return difference == std::byte{0};
}

}  // namespace ccm
