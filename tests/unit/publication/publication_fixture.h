// SPDX-License-Identifier: Apache-2.0
// What the publication tests share: values to publish, and a look at the raw bytes of a segment.
#pragma once

#include <string>
#include <vector>

#include "publication/layout.h"
#include "publication/reader.h"
#include "publication/writer.h"

namespace ccm::publication {

// A leaf for `name` below an intermediate, with a fresh key.
Published make_published(const std::string& name, bool is_placeholder = false);
// The identity of what a reader gives; "nothing" for nullptr.
std::string identity_of(const std::shared_ptr<const Served>& served);
std::string identity_of(const Published& published);

// Fails the test program when creation fails.
Writer make_writer(std::vector<std::string> names);
Reader make_reader(const Writer& writer);
// Another descriptor of the same open file, for attaching.
FileDescriptor duplicate(int fd);

// The segment as bytes that may be read and written at will; only for small ones.
class RawSegment {
 public:
  explicit RawSegment(int fd);
  ~RawSegment();
  RawSegment(const RawSegment&) = delete;
  RawSegment& operator=(const RawSegment&) = delete;

  Header& header();
  Entry& entry(std::size_t slot);
  std::byte* buffer(std::size_t slot, std::size_t index);
  bool contains(std::span<const std::byte> needle) const;

 private:
  std::byte* base_;
  std::size_t size_;
};

// Bytes of memory that the segment really takes.
std::size_t allocated_bytes(int fd);

}  // namespace ccm::publication
