// SPDX-License-Identifier: Apache-2.0
// What a worker can do with what it has: read, and nothing else.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "publication_fixture.h"

namespace ccm::publication {
namespace {

constexpr uid_t kNobody = 65534;

// Runs the body in a child that is an ordinary user; true when the body says so.
bool holds_as_ordinary_user(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    const bool is_root = geteuid() == 0;
    if (is_root &&
        (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0)) {
      _exit(2);
    }
    // A process that changed its user may not look into its own /proc/self/fd otherwise, and the
    // refusals below would prove nothing.
    if (prctl(PR_SET_DUMPABLE, 1) != 0) _exit(3);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool can_reopen(int fd, int flags) {
  const FileDescriptor again(open(fmt::format("/proc/self/fd/{}", fd).c_str(), flags));
  return static_cast<bool>(again);
}

bool can_map(int fd, int protection) {
  void* base = mmap(nullptr, 4096, protection, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return false;
  munmap(base, 4096);
  return true;
}

bool can_make_writable(int fd) {
  void* base = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return true;  // would hide the answer
  const bool can = mprotect(base, 4096, PROT_READ | PROT_WRITE) == 0;
  munmap(base, 4096);
  return can;
}

TEST(Protection, ReadOnlyMappingStaysReadOnly) {
  const Writer writer = make_writer({"a"});
  const auto read_only = writer.open_read_only();
  ASSERT_TRUE(read_only);
  EXPECT_TRUE(can_map(read_only->get(), PROT_READ));
  EXPECT_FALSE(can_map(read_only->get(), PROT_READ | PROT_WRITE));
  EXPECT_FALSE(can_make_writable(read_only->get()));
  EXPECT_EQ(pwrite(read_only->get(), "x", 1, 0), -1);
}

TEST(Protection, AnotherUserCannotOpenTheSegmentAnew) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  const Writer writer = make_writer({"a"});
  const auto read_only = writer.open_read_only();
  ASSERT_TRUE(read_only);
  EXPECT_TRUE(holds_as_ordinary_user([&] {
    return can_map(read_only->get(), PROT_READ) && !can_reopen(read_only->get(), O_RDWR) &&
           !can_reopen(read_only->get(), O_RDONLY) && !can_make_writable(read_only->get()) &&
           fchmod(read_only->get(), 0666) != 0;
  }));
}

TEST(Protection, UnprivilegedCreatorCanReadButNotOpenForWriting) {
  EXPECT_TRUE(holds_as_ordinary_user([] {
    Writer writer = make_writer({"a"});
    const auto read_only = writer.open_read_only();
    return read_only && writer.publish("a", make_published("a.example")) &&
           !can_reopen(read_only->get(), O_RDWR) && !can_make_writable(read_only->get()) &&
           Reader::open(*read_only)->get(0) != nullptr;
  }));
}

TEST(Protection, NeitherSideIsInACoreDump) {
  const Writer writer = make_writer({"a"});
  const Reader reader = make_reader(writer);
  FILE* maps = fopen("/proc/self/smaps", "re");
  ASSERT_NE(maps, nullptr);
  char line[512];
  int mappings = 0;
  int undumped = 0;
  bool is_ours = false;
  while (fgets(line, sizeof line, maps) != nullptr) {
    const std::string_view text(line);
    if (text.find("memfd:ccm-publication") != std::string_view::npos) {
      is_ours = true;
      ++mappings;
    } else if (is_ours && text.starts_with("VmFlags:")) {
      undumped += text.find(" dd") != std::string_view::npos ? 1 : 0;
      is_ours = false;
    }
  }
  fclose(maps);
  EXPECT_EQ(mappings, 2);
  EXPECT_EQ(undumped, mappings);
}

}  // namespace
}  // namespace ccm::publication
