// SPDX-License-Identifier: Apache-2.0
// Where the system refuses what the publication is usually made of, it works all the same.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "publication/segment.h"
#include "publication_fixture.h"
#include "support/denied_calls.h"
#include "support/temp_directory.h"

namespace ccm::publication {
namespace {

// The whole way from writer to reader, and what must hold on it.
int publish_and_read() {
  Writer writer = make_writer({"a", "b"});
  const auto read_only = writer.open_read_only();
  if (!read_only) return 1;
  auto reader = Reader::open(*read_only);
  if (!reader) return 2;
  for (const char* name : {"a.example", "b.example"}) {
    if (!writer.publish("a", make_published(name))) return 3;
    const auto served = reader->get(*reader->find("a"));
    if (served == nullptr || served->published.bundle.leaf().names().front() != name) return 4;
  }
  struct stat facts {};
  if (fstat(writer.descriptor(), &facts) != 0 || (facts.st_mode & 07777U) != 0400U) return 5;
  if (Segment::map(read_only->get(), Access::read_write)) return 6;
  // The next process takes over.
  const int copy = dup(writer.descriptor());
  { const Writer ended = std::move(writer); }
  auto next = Writer::attach(FileDescriptor(copy));
  return next && next->holds_certificate("a") ? 0 : 7;
}

TEST(DeniedCalls, ThePublicationWorksWithoutThem) {
  for (const long call : {SYS_memfd_create, SYS_madvise, SYS_fallocate}) {
    for (const int error_number : {EPERM, ENOSYS}) {
      EXPECT_EQ(test::in_child_without({{call, error_number}}, publish_and_read), 0)
          << call << " " << error_number;
    }
  }
}

TEST(DeniedCalls, ThePublicationWorksWhereTheyAreDeadly) {
  for (const long call : {SYS_memfd_create}) {
    EXPECT_EQ(test::in_child_without({{call, 0}}, publish_and_read), 0) << call;
  }
}

TEST(DeniedCalls, WhatIsNeededIsNamed) {
  const auto says = [](const char* name) {
    const auto made = Segment::create({"a"}, {}, {});
    return !made && made.error().message().find(name) != std::string::npos ? 0 : 1;
  };
  EXPECT_EQ(test::in_child_without({{SYS_fchmod, EPERM}}, [&] { return says("(fchmod)"); }), 0);
  EXPECT_EQ(test::in_child_without({{SYS_ftruncate, EPERM}}, [&] { return says("(ftruncate)"); }),
            0);
}

TEST(DeniedCalls, AFileThatCouldBeOpenedAnewIsNoSegment) {
  const test::TempDirectory directory;
  const std::string path = (directory / "file").string();
  EXPECT_EQ(test::in_child_without(
                {{SYS_memfd_create, EPERM}},
                [&] {
                  const auto made = Segment::create({"a"}, {}, {});
                  if (!made || !Segment::map(made->file.get(), Access::read_only)) return 1;
                  if (fchmod(made->file.get(), 0600) != 0) return 2;
                  if (Segment::map(made->file.get(), Access::read_only)) return 3;
                  // The same bytes in a file with a name.
                  const FileDescriptor named(open(path.c_str(), O_RDWR | O_CREAT, 0400));
                  struct stat facts {};
                  if (fstat(made->file.get(), &facts) != 0) return 4;
                  if (ftruncate(named.get(), facts.st_size) != 0) return 5;
                  char header[4096];
                  if (pread(made->file.get(), header, sizeof header, 0) != sizeof header ||
                      pwrite(named.get(), header, sizeof header, 0) != sizeof header) {
                    return 6;
                  }
                  return Segment::map(named.get(), Access::read_only) ? 7 : 0;
                }),
            0);
}

}  // namespace
}  // namespace ccm::publication
