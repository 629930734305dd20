// SPDX-License-Identifier: Apache-2.0
// A publication segment whose header, first directory entry and first value are any bytes: readers
// and writers refuse it or stay within it. Input: one byte; a header, if that is odd; an entry; the
// rest is the value. The version stays the right one, without which nobody reads any further.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "publication/layout.h"
#include "publication/reader.h"
#include "publication/writer.h"

using namespace ccm;
using namespace ccm::publication;

namespace {

// Copies what the input has for this place; returns the rest.
std::span<const std::uint8_t> overlay(std::span<const std::uint8_t> input, std::byte* place,
                                      std::size_t size) {
  const std::size_t count = std::min(size, input.size());
  if (count > 0) std::memcpy(place, input.data(), count);
  return input.subspan(count);
}

void damage(int fd, std::span<const std::uint8_t> input) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) std::abort();
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) std::abort();
  auto* base = static_cast<std::byte*>(mapped);
  Header header{};
  std::memcpy(&header, base, sizeof header);
  const bool has_header = !input.empty() && input.front() % 2 == 1;
  if (!input.empty()) input = input.subspan(1);
  if (has_header) {
    input = overlay(input, base, sizeof header);
    std::memcpy(base + offsetof(Header, version), &header.version, sizeof header.version);
  }
  input = overlay(input, base + header.directory_offset, sizeof(Entry));
  overlay(input, base + header.buffers_offset + kBufferSize, kBufferSize);
  munmap(mapped, size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto writer = Writer::create({"a", "b"});
  if (!writer) std::abort();
  damage(writer->descriptor(), {data, size});

  auto read_only = writer->open_read_only();
  if (!read_only) std::abort();
  if (auto reader = Reader::open(*read_only)) {
    static_cast<void>(reader->find("b"));
    for (int i = 0; i < 2; ++i) static_cast<void>(reader->get(0));
    static_cast<void>(reader->take_error(0));
    static_cast<void>(reader->proofs());
  }
  auto other = Writer::attach(FileDescriptor(fcntl(writer->descriptor(), F_DUPFD_CLOEXEC, 0)));
  if (other) {
    for (const std::string& name : other->names()) {
      static_cast<void>(other->holds_certificate(name));
    }
  }
  return 0;
}
