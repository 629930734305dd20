// SPDX-License-Identifier: Apache-2.0
// `Handle<T, Free>`: unique ownership of a C library's object, with its free function as a static
// deleter, so the handle is one pointer wide and cannot be freed twice.
//
//   using X509Handle = Handle<X509, X509_free>;
#pragma once

#include <unistd.h>

#include <memory>
#include <utility>

namespace ccm {

template <auto Free>
struct StaticDeleter {
  template <typename T>
  void operator()(T* object) const noexcept {
    // Some libraries' free functions return a value nobody needs.
    static_cast<void>(Free(object));
  }
};

template <typename T, auto Free>
using Handle = std::unique_ptr<T, StaticDeleter<Free>>;

// A file descriptor with one owner.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace ccm
