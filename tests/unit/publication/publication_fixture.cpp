// SPDX-License-Identifier: Apache-2.0
#include "publication_fixture.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "support/test_pki.h"

namespace ccm::publication {
namespace {

const test::TestAuthority& issuing_authority() {
  static const test::TestAuthority authority = test::make_test_intermediate(test::make_test_root());
  return authority;
}

template <typename T>
T value_or_abort(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message();
    std::abort();
  }
  return *std::move(result);
}

}  // namespace

Published make_published(const std::string& name, bool is_placeholder) {
  const test::TestCertificate leaf = test::make_test_leaf(issuing_authority(), {.names = {name}});
  return {.bundle = value_or_abort(
              crypto::Bundle::make({leaf.certificate, issuing_authority().certificate}, leaf.key)),
          .ocsp_response = {},
          .is_placeholder = is_placeholder};
}

std::string identity_of(const Published& published) {
  return published.bundle.leaf().fingerprint();
}

std::string identity_of(const std::shared_ptr<const Served>& served) {
  return served ? identity_of(served->published) : "nothing";
}

Writer make_writer(std::vector<std::string> names) {
  return value_or_abort(Writer::create(std::move(names)));
}

Reader make_reader(const Writer& writer) {
  return value_or_abort(Reader::open(value_or_abort(writer.open_read_only())));
}

FileDescriptor duplicate(int fd) {
  return FileDescriptor(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

RawSegment::RawSegment(int fd) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) std::abort();
  size_ = static_cast<std::size_t>(facts.st_size);
  void* base = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) std::abort();
  base_ = static_cast<std::byte*>(base);
}

RawSegment::~RawSegment() {
  munmap(base_, size_);
}

Header& RawSegment::header() {
  return *reinterpret_cast<Header*>(base_);
}

Entry& RawSegment::entry(std::size_t slot) {
  return reinterpret_cast<Entry*>(base_ + header().directory_offset)[slot];
}

std::byte* RawSegment::buffer(std::size_t slot, std::size_t index) {
  return base_ + header().buffers_offset + (slot * kBuffersPerSlot + index) * kBufferSize;
}

bool RawSegment::contains(std::span<const std::byte> needle) const {
  return std::search(base_, base_ + size_, needle.begin(), needle.end()) != base_ + size_;
}

std::size_t allocated_bytes(int fd) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) std::abort();
  return static_cast<std::size_t>(facts.st_blocks) * 512;
}

}  // namespace ccm::publication
