// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "publication/segment.h"
#include "publication_fixture.h"

namespace ccm::publication {
namespace {

FileDescriptor create(const std::vector<std::string>& names) {
  auto made = Segment::create(names, {}, {});
  EXPECT_TRUE(made) << made.error().message();
  return std::move(made->file);
}

TEST(Segment, IsAnOwnerOnlySealedFileThatIsNotInherited) {
  const FileDescriptor file = create({"a"});
  struct stat facts {};
  ASSERT_EQ(fstat(file.get(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0400U);
  EXPECT_NE(fcntl(file.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(ftruncate(file.get(), 0), 0);
  EXPECT_NE(ftruncate(file.get(), facts.st_size * 2), 0);
}

TEST(Segment, FindsEveryNameAndNoOther) {
  const FileDescriptor file = create({"a", "aa", "b", std::string(kNameSize - 1, 'x')});
  const auto segment = Segment::map(file.get(), Access::read_only);
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->slot_count(), 4U);
  for (std::uint32_t slot = 0; slot < 4; ++slot) {
    EXPECT_EQ(segment->find(segment->name(slot)), slot);
  }
  for (const char* name : {"", "A", "ab", "c", "xx"}) EXPECT_EQ(segment->find(name), std::nullopt);
}

TEST(Segment, MayBeEmpty) {
  const FileDescriptor file = create({});
  const auto segment = Segment::map(file.get(), Access::read_write);
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->find("a"), std::nullopt);
}

TEST(Segment, BuffersAreCopiedToTheByte) {
  const FileDescriptor file = create({"a", "b"});
  auto segment = Segment::map(file.get(), Access::read_write);
  ASSERT_TRUE(segment);
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{1001}, kBufferSize}) {
    Secret value = Secret::of_size(size);
    for (std::size_t i = 0; i < size; ++i) {
      value.mutable_bytes()[i] = static_cast<std::byte>(i * 7 + 1);
    }
    segment->copy_in(1, 1, value.bytes());
    EXPECT_TRUE(segment->copy_out(1, 1, size).equals(value));
    segment->wipe(1, 1, size);
    EXPECT_TRUE(segment->copy_out(1, 1, kBufferSize).equals(Secret::of_size(kBufferSize)));
    EXPECT_TRUE(segment->copy_out(1, 0, kBufferSize).equals(Secret::of_size(kBufferSize)));
    EXPECT_TRUE(segment->copy_out(0, 1, kBufferSize).equals(Secret::of_size(kBufferSize)));
  }
}

TEST(Segment, DamagedHeadersAndDirectoriesAreRefused) {
  const std::function<void(RawSegment&)> damages[] = {
      [](RawSegment& raw) { raw.header().magic ^= 1; },
      [](RawSegment& raw) { raw.header().version = kLayoutVersion + 1; },
      [](RawSegment& raw) { raw.header().slot_count = 2; },
      [](RawSegment& raw) { raw.header().slot_count = 4; },
      [](RawSegment& raw) { raw.header().slot_count = kMaxSlots + 1; },
      [](RawSegment& raw) { raw.header().slot_count = ~0U; },
      [](RawSegment& raw) { raw.entry(1).name[0] = '\0'; },
      [](RawSegment& raw) { raw.entry(1).name.fill('x'); },
      [](RawSegment& raw) { raw.entry(1).name[0] = 'c'; },
      [](RawSegment& raw) { raw.header().directory_offset = 64; },
      [](RawSegment& raw) { raw.header().buffers_offset += kAlignment; },
  };
  for (const auto& damage : damages) {
    const FileDescriptor file = create({"a", "b", "c"});
    {
      RawSegment raw(file.get());
      damage(raw);
    }
    const auto segment = Segment::map(file.get(), Access::read_only);
    ASSERT_FALSE(segment);
    EXPECT_EQ(segment.error().kind(), ErrorKind::invalid);
    EXPECT_FALSE(Writer::attach(duplicate(file.get())));
    EXPECT_FALSE(Reader::open(file));
  }
}

TEST(Segment, FilesThatAreNoneAreRefused) {
  const FileDescriptor unsealed(memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(unsealed.get(), 1 << 20), 0);
  EXPECT_FALSE(Segment::map(unsealed.get(), Access::read_only));
  const FileDescriptor empty(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(fcntl(empty.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
  EXPECT_FALSE(Segment::map(empty.get(), Access::read_only));
  EXPECT_FALSE(Segment::map(-1, Access::read_only));
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const FileDescriptor read_end(ends[0]);
  const FileDescriptor write_end(ends[1]);
  EXPECT_FALSE(Segment::map(read_end.get(), Access::read_only));
}

TEST(Segment, MappingForReadingCannotBeAskedForWriting) {
  const Writer writer = make_writer({"a"});
  const auto read_only = writer.open_read_only();
  ASSERT_TRUE(read_only);
  EXPECT_FALSE(Segment::map(read_only->get(), Access::read_write));
  EXPECT_TRUE(Segment::map(read_only->get(), Access::read_only));
}

}  // namespace
}  // namespace ccm::publication
