// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/memory_file.h"
#include "base/system_call_numbers.h"
#include "support/denied_calls.h"
#include "support/temp_directory.h"

namespace ccm {
namespace {

using ::testing::HasSubstr;

// For a child: hides a directory behind an empty one, in a mount namespace of its own.
bool hide(const char* directory, unsigned long flags = 0) {
  return unshare(CLONE_NEWNS) == 0 &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("none", directory, "tmpfs", flags, nullptr) == 0;
}

bool is_root() {
  return geteuid() == 0;
}

// 0 when it can be written and read and only the owner could open it, if it had a name.
int examine(const MemoryFile& memory) {
  struct stat facts {};
  if (fstat(memory.file.get(), &facts) != 0 || facts.st_nlink != 0) return 1;
  if (!memory.place.empty() && (facts.st_mode & 07777U) != 0600) return 2;
  if ((fcntl(memory.file.get(), F_GETFD) & FD_CLOEXEC) == 0) return 3;
  char byte = 0;
  if (pwrite(memory.file.get(), "x", 1, 0) != 1) return 4;
  auto again = memory.read_only
                   ? Result<FileDescriptor>(FileDescriptor(dup(memory.read_only.get())))
                   : open_again_read_only(memory.file.get());
  if (!again || pread(again->get(), &byte, 1, 0) != 1 || byte != 'x') return 5;
  return pwrite(again->get(), "y", 1, 0) < 0 ? 0 : 6;
}

TEST(MemoryFile, IsAMemfdWhereThatIsAllowed) {
  const auto memory = make_memory_file("ccm-test", {});
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->place, "");
  EXPECT_EQ(examine(*memory), 0);
}

// What a host may ask of every such file (vm.memfd_noexec).
TEST(MemoryFile, CannotBecomeExecutableWhereTheKernelKnowsHow) {
  constexpr unsigned kNotExecutable = 0x0008U;  // MFD_NOEXEC_SEAL
  constexpr int kSeal = 0x0020;                 // F_SEAL_EXEC
  const FileDescriptor asked(static_cast<int>(syscall(SYS_memfd_create, "asked", kNotExecutable)));
  if (!asked) GTEST_SKIP() << "this kernel is older than 6.3";
  const auto memory = make_memory_file("ccm-test", {});
  ASSERT_TRUE(memory);
  EXPECT_EQ(fcntl(memory->file.get(), F_GET_SEALS) & kSeal, kSeal);
}

TEST(MemoryFile, IsAMemfdAlsoWhereThatCannotBeAskedFor) {
  EXPECT_EQ(test::in_child_without(
                {{.call = SYS_memfd_create, .error_number = EINVAL, .second_bits = 0x0008U}},
                [] {
                  const auto memory = make_memory_file("ccm-test", {});
                  if (!memory || !memory->place.empty()) return 10;
                  const int seals = fcntl(memory->file.get(), F_GET_SEALS);
                  return seals == 0 ? examine(*memory) : 11;
                }),
            0);
}

TEST(MemoryFile, IsANamelessFileInMemoryElse) {
  for (const int error_number : {EPERM, ENOSYS, 0}) {
    EXPECT_EQ(test::in_child_without({{SYS_memfd_create, error_number}},
                                     [] {
                                       const auto memory = make_memory_file("ccm-test", {});
                                       if (!memory || memory->place != "/dev/shm") return 10;
                                       if (memory->reason.find("memfd_create") != 0) return 11;
                                       return examine(*memory);
                                     }),
              0)
        << error_number;
  }
}

TEST(MemoryFile, IsInTheLastResortWhereNothingIsInMemory) {
  if (!is_root()) GTEST_SKIP() << "only root may hide /dev/shm";
  const test::TempDirectory directory;
  const std::string place = directory.path().string();
  const auto without_memory = [&](const std::string& last_resort) {
    return test::in_child_without({{SYS_memfd_create, EPERM}}, [&] {
      if (!hide("/dev/shm", MS_RDONLY) || !hide("/run", MS_RDONLY)) return 20;
      const auto memory = make_memory_file("ccm-test", last_resort);
      if (!memory) {
        const std::string& why = memory.error().message();
        return why.find("memfd_create") != std::string::npos &&
                       why.find("/dev/shm") != std::string::npos
                   ? 30
                   : 31;
      }
      return memory->place == last_resort ? examine(*memory) : 21;
    });
  };
  EXPECT_EQ(without_memory(place), 0);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  EXPECT_EQ(without_memory(place + "/absent"), 30);
  EXPECT_EQ(without_memory({}), 30);
}

TEST(MemoryFile, WithoutProcItComesWithAReader) {
  if (!is_root()) GTEST_SKIP() << "only root may hide /proc";
  EXPECT_EQ(test::in_child_without({},
                                   [] {
                                     if (!hide("/proc")) return 20;
                                     if (can_open_again()) return 21;
                                     const auto memory = make_memory_file("ccm-test", {});
                                     if (!memory || !memory->read_only) return 22;
                                     return examine(*memory);
                                   }),
            0);
}

// Closes what it should and nothing else, whatever the system allows.
int close_some() {
  for (int target = 20; target < 30; ++target) dup2(STDERR_FILENO, target);
  dup2(STDERR_FILENO, 400);
  close_descriptors_from(25);
  for (int fd = 20; fd < 25; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) return 1;
  }
  for (int fd = 25; fd < 500; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) return 2;
  }
  return 0;
}

TEST(CloseDescriptors, WorksWithoutCloseRangeAndWithoutProc) {
  EXPECT_EQ(test::in_child_without({}, close_some), 0);
  for (const int error_number : {EPERM, ENOSYS, 0}) {
    EXPECT_EQ(test::in_child_without({{calls::kCloseRange, error_number}}, close_some), 0);
  }
  if (!is_root()) return;
  EXPECT_EQ(test::in_child_without({{calls::kCloseRange, ENOSYS}},
                                   [] { return hide("/proc") ? close_some() : 20; }),
            0);
}

// In the same folder, as it is about the same: files of the store where calls are refused.
TEST(FileWithoutCalls, IsReplacedWithoutRenameat2AndGetrandom) {
  const test::TempDirectory directory;
  const std::string path = directory.write("file", "old").string();
  const std::vector<test::Denial> denials{{SYS_renameat2, EPERM}, {SYS_getrandom, EPERM}};
  EXPECT_EQ(test::in_child_without(denials,
                                   [&] {
                                     return write_file_atomically(path, "new") &&
                                                    write_file_atomically(path + "2", "first")
                                                ? 0
                                                : 1;
                                   }),
            0);
  EXPECT_EQ(test::read_whole_file(path), "new");
  EXPECT_EQ(test::read_whole_file(path + "2"), "first");
}

TEST(FileWithoutCalls, AreWrittenWithoutSyncFileRange) {
  const test::TempDirectory directory;
  const std::vector<NewFile> files{{directory / "a", "1"}, {directory / "b", "2"}};
  for (const int error_number : {EPERM, ENOSYS}) {
    EXPECT_EQ(test::in_child_without({{SYS_sync_file_range, error_number}},
                                     [&] { return write_new_files(files) ? 0 : 1; }),
              0);
    EXPECT_EQ(test::read_whole_file(files[1].path), "2");
    for (const NewFile& each : files) std::filesystem::remove(each.path);
  }
}

}  // namespace
}  // namespace ccm
