// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/file_end.h"
#include "base/kept_file.h"
#include "base/system_call_numbers.h"
#include "support/denied_calls.h"
#include "support/system_calls.h"
#include "support/temp_directory.h"

namespace ccm {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kLimit = 1000;

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

// The process's umask, put back at the end.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(umask(mask)) {}
  ~Umask() { umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

class FileTest : public ::testing::Test {
 protected:
  std::string path(std::string_view name) const { return directory_ / name; }
  std::vector<std::string> entries() const {
    return list_directory(directory_.path().string()).value();
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
};

TEST_F(FileTest, ReadsAWholeFile) {
  directory_.write("f", std::string("a\0b", 3));
  EXPECT_EQ(read_file(path("f"), kLimit).value(), std::string("a\0b", 3));
  EXPECT_EQ(read_secret_file(path("f"), kLimit).value().reveal(), std::string_view("a\0b", 3));
  directory_.write("empty", "");
  EXPECT_EQ(read_file(path("empty"), kLimit).value(), "");
}

TEST_F(FileTest, ReadsTheEndOfAFile) {
  directory_.write("f", "0123456789");
  const auto end = [&](std::uint64_t offset) {
    const auto read = read_file_end(path("f"), offset, kLimit);
    EXPECT_TRUE(read);
    return std::pair(read->content, read->begin);
  };
  EXPECT_EQ(end(0), std::pair(std::string("0123456789"), std::uint64_t{0}));
  EXPECT_EQ(end(7), std::pair(std::string("789"), std::uint64_t{7}));
  EXPECT_EQ(end(10), std::pair(std::string(), std::uint64_t{10}));
  EXPECT_EQ(end(11), std::pair(std::string(), std::uint64_t{10}));
  EXPECT_FALSE(read_file_end(path("f"), 7, 9)) << "the limit is for the whole file";
}

TEST_F(FileTest, ReadsWhatHasNoSize) {
  const Result<std::string> start = read_file("/proc/sys/kernel/random/boot_id", kLimit);
  ASSERT_TRUE(start) << start.error().message();
  EXPECT_EQ(start->size(), 37U);
  const Result<std::string> long_one = read_file("/proc/self/smaps", kLimit);
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().kind(), ErrorKind::invalid);
}

TEST_F(FileTest, RefusesAFileAboveTheLimit) {
  directory_.write("f", std::string(kLimit + 1, 'x'));
  const Result<std::string> read = read_file(path("f"), kLimit);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(read.error().message(), HasSubstr("1001 bytes"));
}

TEST_F(FileTest, TellsAMissingFileFromAWrongOne) {
  EXPECT_EQ(read_file(path("absent"), kLimit).error().kind(), ErrorKind::rejected);
  directory_.write("f", "x");
  EXPECT_EQ(read_file(path("f/below"), kLimit).error().kind(), ErrorKind::rejected);
  EXPECT_EQ(read_file(directory_.path(), kLimit).error().kind(), ErrorKind::invalid);
  fs::create_symlink("f", path("link"));
  const Result<Secret> link = read_secret_file(path("link"), kLimit);
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(link.error().message(), HasSubstr("symbolic link"));
}

TEST_F(FileTest, FollowsNoLinkWhereTheKernelCannotSeeToIt) {
  directory_.write("real/f", "x");
  fs::create_directory_symlink("real", path("link"));
  fs::create_symlink("f", path("real/last"));
  for (const int error_number : {ENOSYS, EPERM, 0}) {
    EXPECT_EQ(test::in_child_without({{calls::kOpenat2, error_number}},
                                     [&] {
                                       if (read_file(path("real/f"), kLimit, Links::nowhere) != "x")
                                         return 1;
                                       if (read_file(path("link/f"), kLimit, Links::nowhere))
                                         return 2;
                                       if (read_file(path("real/last"), kLimit, Links::nowhere))
                                         return 3;
                                       return list_directory(path("link"), Links::nowhere) ? 4 : 0;
                                     }),
              0)
        << error_number;
  }
}

TEST_F(FileTest, AKeptFileIsReadAgainWhenAnotherLiesThere) {
  KeptFile kept(path("f"), kLimit);
  EXPECT_FALSE(kept.look());
  EXPECT_EQ(kept.content(), std::nullopt);
  for (int i = 0; i < 200; ++i) {
    // Each has the size of the one before, and perhaps its time; its number would be free again.
    const std::string content = std::to_string(1000 + i);
    ASSERT_TRUE(write_file_unsynced(path("f"), content));
    EXPECT_TRUE(kept.look());
    EXPECT_EQ(kept.content(), content);
    EXPECT_FALSE(kept.look());
    ASSERT_TRUE(write_file_unsynced(path("f"), "gone before anybody looks"));
  }
  directory_.write("f", "written in place, and longer");
  EXPECT_TRUE(kept.look());
  EXPECT_EQ(kept.content(), "written in place, and longer");
  fs::remove(path("f"));
  EXPECT_TRUE(kept.look());
  EXPECT_EQ(kept.content(), std::nullopt);
  EXPECT_FALSE(kept.look());
}

TEST_F(FileTest, OfAKeptFileThatGrowsOnlyTheNewPartIsRead) {
  directory_.write("f", "first\n");
  KeptFile kept(path("f"), kLimit);
  EXPECT_TRUE(kept.look_for_more());
  EXPECT_EQ(kept.kept(), 0U);
  std::string content = "first\n";
  for (int i = 0; i < 5; ++i) {
    const std::size_t before = content.size();
    content += "and more\n";
    std::ofstream(path("f"), std::ios::app) << "and more\n";
    EXPECT_TRUE(kept.look_for_more());
    EXPECT_EQ(kept.content(), content);
    EXPECT_EQ(kept.kept(), before);
    EXPECT_FALSE(kept.look_for_more());
  }
  ASSERT_TRUE(write_file_unsynced(path("f"), content + "but of another file"));
  EXPECT_TRUE(kept.look_for_more());
  EXPECT_EQ(kept.content(), content + "but of another file");
  EXPECT_EQ(kept.kept(), 0U);
  std::ofstream(path("f"), std::ios::app) << std::string(kLimit, 'x');
  EXPECT_TRUE(kept.look_for_more());
  EXPECT_EQ(kept.content(), std::nullopt) << "it is too large now";
}

TEST_F(FileTest, FollowsNoLinkOnTheWayWhenToldSo) {
  directory_.write("real/f", "x");
  fs::create_directory_symlink("real", path("link"));
  EXPECT_EQ(read_file(path("link/f"), kLimit).value(), "x");
  EXPECT_EQ(read_file(path("real/f"), kLimit, Links::nowhere).value(), "x");
  EXPECT_EQ(read_file(path("real/none"), kLimit, Links::nowhere).error().kind(),
            ErrorKind::rejected);
  const Result<Secret> read = read_secret_file(path("link/f"), kLimit, Links::nowhere);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(read.error().message(), HasSubstr("directory above it is a symbolic link"));
  EXPECT_THAT(list_directory(path("real"), Links::nowhere).value(), ElementsAre("f"));
  EXPECT_FALSE(list_directory(path("link"), Links::nowhere));
  EXPECT_THAT(list_subdirectories(path("real")).value(), IsEmpty()) << "it has a file";
  EXPECT_THAT(list_subdirectories(directory_.path().string()).value(), ElementsAre("real"))
      << "and beside it is a link";
}

TEST_F(FileTest, ReadsASecretOfItsOwnersOnly) {
  directory_.write("f", "x");
  fs::permissions(path("f"), fs::perms(0600));
  const std::vector<uid_t> us{geteuid()};
  const std::vector<uid_t> others{geteuid() + 1};
  EXPECT_EQ(read_secret_file_of(us, path("f"), kLimit).value().reveal(), "x");
  EXPECT_EQ(read_secret_file_of(others, path("f"), kLimit).error().kind(), ErrorKind::rejected);
  fs::permissions(path("f"), fs::perms(0620));
  EXPECT_THAT(read_secret_file_of(us, path("f"), kLimit).error().message(),
              HasSubstr("written by others"));
  EXPECT_EQ(read_owned_file(path("f"), kLimit).value().owner, geteuid());
}

TEST_F(FileTest, DoesNotHangOnAFifo) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(path("fifo"), kLimit).error().kind(), ErrorKind::invalid);
}

TEST_F(FileTest, ReplacesAFileAndLeavesNothingElse) {
  ASSERT_TRUE(write_file_atomically(path("f"), "old"));
  ASSERT_TRUE(write_file_atomically(path("f"), "new"));
  EXPECT_EQ(test::read_whole_file(path("f")), "new");
  EXPECT_THAT(entries(), ElementsAre("f"));
}

TEST_F(FileTest, ReplacesAFileWithoutSyncing) {
  ASSERT_TRUE(write_file_atomically(path("f"), "old"));
  ASSERT_TRUE(write_file_unsynced(path("f"), "new"));
  ASSERT_TRUE(write_file_unsynced(path("g"), "first"));
  EXPECT_EQ(test::read_whole_file(path("f")), "new");
  EXPECT_EQ(test::read_whole_file(path("g")), "first");
  EXPECT_EQ(mode_of(path("g")), kOwnerOnlyFile);
  fs::create_directory(path("d"));
  EXPECT_FALSE(write_file_unsynced(path("d"), "no"));
  EXPECT_THAT(entries(), ElementsAre("d", "f", "g"));
}

TEST_F(FileTest, WritesOwnerOnlyWhateverTheUmask) {
  for (const mode_t mask : {0000, 0777}) {
    const Umask changed(mask);
    const std::string below = path(mask == 0 ? "open" : "shut");
    ASSERT_TRUE(make_directories(below + "/deep"));
    ASSERT_TRUE(write_file_atomically(below + "/f", "x"));
    ASSERT_TRUE(write_new_file(below + "/n", "x"));
    EXPECT_EQ(mode_of(below), kOwnerOnlyDirectory);
    EXPECT_EQ(mode_of(below + "/deep"), kOwnerOnlyDirectory);
    EXPECT_EQ(mode_of(below + "/f"), kOwnerOnlyFile);
    EXPECT_EQ(mode_of(below + "/n"), kOwnerOnlyFile);
  }
}

// On a full disk whoever tries again whenever it is woken would wake itself.
TEST_F(FileTest, AFileThatIsWrittenWakesNobodyBeforeItIsThere) {
  const FileDescriptor watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(inotify_add_watch(watch.get(), directory_.path().c_str(), IN_ATTRIB), 0);
  ASSERT_TRUE(write_file_atomically(path("f"), "x"));
  ASSERT_TRUE(write_file_unsynced(path("f"), "y"));
  std::array<char, 4096> events{};
  EXPECT_EQ(::read(watch.get(), events.data(), events.size()), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(FileTest, DoesNotReuseAnExistingFileAsNew) {
  directory_.write("f", "old");
  EXPECT_FALSE(write_new_file(path("f"), "new"));
  EXPECT_EQ(test::read_whole_file(path("f")), "old");
}

TEST_F(FileTest, WritesAllOfSeveralNewFilesOrNone) {
  const std::vector<NewFile> files{{path("a"), "1"}, {path("b"), "2"}};
  ASSERT_TRUE(write_new_files(files));
  EXPECT_EQ(test::read_whole_file(path("a")), "1");
  EXPECT_EQ(test::read_whole_file(path("b")), "2");
  EXPECT_EQ(mode_of(path("b")), kOwnerOnlyFile);

  const std::vector<NewFile> one_exists{{path("c"), "3"}, {path("b"), "4"}};
  EXPECT_FALSE(write_new_files(one_exists));
  EXPECT_THAT(entries(), ElementsAre("a", "b"));
  EXPECT_EQ(test::read_whole_file(path("b")), "2");
}

TEST_F(FileTest, RedirectsASymbolicLink) {
  ASSERT_TRUE(replace_symlink(path("current"), "versions/1"));
  ASSERT_TRUE(replace_symlink(path("current"), "versions/2"));
  EXPECT_EQ(fs::read_symlink(path("current")), "versions/2");
  EXPECT_THAT(entries(), ElementsAre("current"));
}

TEST_F(FileTest, MakesDirectoriesAndLeavesExistingOnes) {
  fs::create_directory(path("a"));
  fs::permissions(path("a"), fs::perms(0755));
  ASSERT_TRUE(make_directories(path("a/b/c")));
  ASSERT_TRUE(make_directories(path("a/b/c")));
  EXPECT_EQ(mode_of(path("a")), mode_t{0755});
  directory_.write("file", "");
  EXPECT_EQ(make_directories(path("file")).error().kind(), ErrorKind::invalid);
  EXPECT_FALSE(make_directories(path("file/below")));
}

TEST_F(FileTest, ListsSortedAndNothingForAMissingDirectory) {
  directory_.write("b", "");
  directory_.write("a", "");
  EXPECT_THAT(entries(), ElementsAre("a", "b"));
  EXPECT_THAT(list_directory(path("absent")).value(), IsEmpty());
  EXPECT_FALSE(list_directory(path("a")));
}

TEST_F(FileTest, RemovesATreeWithoutFollowingLinks) {
  directory_.write("outside/precious", "x");
  directory_.write("tree/sub/f", "x");
  fs::create_symlink("../outside", path("tree/link"));
  fs::create_symlink("outside", path("link"));
  ASSERT_TRUE(remove_tree(path("tree")));
  ASSERT_TRUE(remove_tree(path("link")));
  ASSERT_TRUE(remove_tree(path("absent")));
  EXPECT_THAT(entries(), ElementsAre("outside"));
  EXPECT_TRUE(fs::exists(path("outside/precious")));
}

TEST_F(FileTest, KilledAtAnySystemCallTheFileIsOldOrNew) {
  const auto replace = [&] { return write_file_atomically(path("f"), "new") ? 0 : 1; };
  int n = 1;
  for (;; ++n) {
    for (const std::string& entry : entries()) fs::remove(path(entry));
    directory_.write("f", "old");
    const bool was_reached = test::run_and_kill(n, replace).was_reached;
    const std::string content = read_file(path("f"), kLimit).value();
    EXPECT_TRUE(content == "old" || content == "new") << "call " << n << ": " << content;
    for (const std::string& entry : entries()) {
      EXPECT_TRUE(entry == "f" || entry.find(kTemporaryMark) != std::string::npos) << entry;
    }
    if (!was_reached) break;
  }
  EXPECT_GT(n, 8) << "too few calls to have written a file durably";
}

TEST_F(FileTest, KnowsItsTemporaryNames) {
  EXPECT_TRUE(is_temporary_name("f.tmp-0123456789abcdef"));
  EXPECT_FALSE(is_temporary_name("f.tmp-0123456789abcdeg"));
  EXPECT_FALSE(is_temporary_name("request-a.tmp-b")) << "a certificate may have such a name";
  EXPECT_FALSE(is_temporary_name("f"));
}

TEST_F(FileTest, RemovesOnlyWhatADeadWriterLeft) {
  const std::string name = path("f.tmp-0123456789abcdef");
  directory_.write("f.tmp-0123456789abcdef", "half");
  FileDescriptor writer(open(name.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(flock(writer.get(), LOCK_EX), 0);
  ASSERT_TRUE(remove_if_abandoned(name));
  EXPECT_THAT(entries(), ElementsAre("f.tmp-0123456789abcdef"));
  writer.reset();
  ASSERT_TRUE(remove_if_abandoned(name));
  EXPECT_THAT(entries(), IsEmpty());
  ASSERT_TRUE(remove_if_abandoned(name));
}

TEST_F(FileTest, RemovesNeitherLinksNorPipesNorHangsOnThem) {
  fs::create_symlink("elsewhere", path("link"));
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  for (const char* name : {"fifo", "link"}) EXPECT_TRUE(remove_if_abandoned(path(name)));
  EXPECT_THAT(entries(), ElementsAre("fifo", "link"));
}

TEST_F(FileTest, AWriterSucceedsWhateverIsSweptMeanwhile) {
  std::atomic<bool> is_done = false;
  std::thread sweeper([&] {
    while (!is_done) {
      for (const std::string& name : entries()) {
        if (!is_temporary_name(name)) continue;
        EXPECT_TRUE(remove_if_abandoned(path(name)));
      }
    }
  });
  for (int i = 0; i < 500; ++i) {
    const Result<void> written = write_file_atomically(path("f"), std::to_string(i));
    EXPECT_TRUE(written) << written.error().message();
    EXPECT_EQ(read_file(path("f"), kLimit).value_or(""), std::to_string(i));
  }
  is_done = true;
  sweeper.join();
  EXPECT_THAT(entries(), ElementsAre("f"));
}

TEST_F(FileTest, AFullDiskAtAnyCallIsAnErrorThatChangesNothing) {
  const auto replace = [&] {
    const Result<void> written = write_file_atomically(path("f"), "new");
    return written ? 0 : written.error().kind() == ErrorKind::transient ? 1 : 2;
  };
  for (const std::string before : {"old", ""}) {
    int failures = 0;
    for (int n = 1;; ++n) {
      for (const std::string& entry : entries()) fs::remove(path(entry));
      if (!before.empty()) directory_.write("f", before);
      const test::TracedRun run = test::run_and_deny(n, ENOSPC, replace);
      const std::string left = read_file(path("f"), kLimit).value_or("");
      EXPECT_EQ(left, run.exit_code == 0 ? "new" : before) << "call " << n;
      EXPECT_EQ(entries().size(), left.empty() ? 0U : 1U) << "call " << n;
      if (!run.was_reached) break;
      // Only closing a directory may fail unnoticed.
      if (run.exit_code != 0) ++failures;
      ASSERT_LE(run.exit_code, 1) << "call " << n;
    }
    EXPECT_GE(failures, 6);
  }
}

}  // namespace
}  // namespace ccm
