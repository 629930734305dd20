// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "store/file_store/file_reader.h"
#include "store/file_store/folder_watch.h"
#include "support/denied_calls.h"
#include "support/folders.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Indices = std::vector<std::size_t>;

// Folders as of a store: a watch reads none of the files.
class FolderWatchTest : public ::testing::Test {
 protected:
  FolderWatchTest() {
    for (const std::string& name : names_) add(name, 3);
  }
  void add(const std::string& name, int version) const {
    const fs::path folder = certificate(name) / "versions" / std::to_string(version);
    fs::create_directories(folder);
    for (const std::string file : {"privkey.pem", "version"}) write(folder / file, "content");
    point_at(name, version);
  }
  void point_at(const std::string& name, int version) const {
    const fs::path link = certificate(name) / "current";
    fs::create_symlink("versions/" + std::to_string(version), certificate(name) / "new");
    fs::rename(certificate(name) / "new", link);
  }
  static void write(const fs::path& path, std::string_view content) {
    std::ofstream(path) << content;
  }
  fs::path certificate(const std::string& name) const {
    return directory_ / ("certificates/" + name);
  }
  fs::path versions() const { return certificate("b") / "versions"; }
  fs::path key() const { return versions() / "3/privkey.pem"; }
  FileWatch& watch() {
    if (!watch_) watch_ = reader_.watch_files(names_);
    return *watch_;
  }
  Indices touched() { return watch().touched(); }

  const std::vector<std::string> names_{"a", "b", "c"};
  test::TempDirectory directory_{test::memory_backed_parent()};
  FileReader reader_{directory_.path().string()};
  std::unique_ptr<FileWatch> watch_;
};

TEST_F(FolderWatchTest, TellsOfNothingWhenNothingHappens) {
  EXPECT_THAT(touched(), IsEmpty());
  EXPECT_THAT(watch().unwatched(), IsEmpty());
  EXPECT_FALSE(watch().problem());
  std::ifstream(key()).get();
  write(directory_ / "revision", "1");
  fs::create_directory(directory_ / "certificates/other");
  EXPECT_THAT(touched(), IsEmpty());
}

// Each way to damage something, and the way back.
TEST_F(FolderWatchTest, TellsOfAnyDamageAndThatItIsMended) {
  const fs::path away = directory_ / "away";
  const auto moves = [&](const fs::path& what) {
    return std::pair<std::function<void()>, std::function<void()>>(
        [what, away] { fs::rename(what, away); }, [what, away] { fs::rename(away, what); });
  };
  const auto locks = [&](const fs::path& what) {
    return std::pair<std::function<void()>, std::function<void()>>(
        [what] { fs::permissions(what, fs::perms::none); },
        [what] { fs::permissions(what, fs::perms::owner_all); });
  };
  const auto same_size = [&](std::string_view content) {
    return [this, content] {
      struct stat before {};
      ASSERT_EQ(stat(key().c_str(), &before), 0);
      write(key(), content);
      const timespec times[] = {before.st_atim, before.st_mtim};
      ASSERT_EQ(utimensat(AT_FDCWD, key().c_str(), times, 0), 0);
    };
  };
  const std::pair<std::string, std::pair<std::function<void()>, std::function<void()>>> kinds[] = {
      {"a file is gone", moves(key())},
      {"the version is gone", moves(versions() / "3")},
      {"all versions are gone", moves(versions())},
      {"the link is gone", moves(certificate("b") / "current")},
      {"the certificate is gone", moves(certificate("b"))},
      {"a file is locked", locks(key())},
      {"the version is locked", locks(versions() / "3")},
      {"all versions are locked", locks(versions())},
      {"the certificate is locked", locks(certificate("b"))},
      {"a file is cut short",
       {[this] { fs::resize_file(key(), 1); }, [this] { write(key(), "content"); }}},
      {"a file has other content of the same size and time",
       {same_size("CONTENT"), same_size("content")}},
      {"a file is replaced",
       {[this] {
          write(versions() / "3/other", "other");
          fs::rename(versions() / "3/other", key());
        },
        [this] { write(key(), "content"); }}},
      {"the link leads elsewhere",
       {[this] {
          fs::create_directory(versions() / "9");
          point_at("b", 9);
        },
        [this] { point_at("b", 3); }}},
      {"the certificate is removed",
       {[this] { fs::remove_all(certificate("b")); }, [this] { add("b", 3); }}},
      {"the version is removed",
       {[this] { fs::remove_all(versions() / "3"); }, [this] { add("b", 3); }}},
  };
  touched();
  for (const auto& [kind, ways] : kinds) {
    for (int time = 0; time < 2; ++time) {
      ways.first();
      EXPECT_THAT(touched(), ElementsAre(1)) << kind;
      EXPECT_THAT(touched(), IsEmpty()) << kind;
      ways.second();
      EXPECT_THAT(touched(), ElementsAre(1)) << "not any more: " << kind;
      EXPECT_THAT(touched(), IsEmpty()) << "not any more: " << kind;
      EXPECT_THAT(watch().unwatched(), IsEmpty()) << kind;
    }
  }
}

TEST_F(FolderWatchTest, FollowsTheCurrentVersion) {
  touched();
  add("b", 4);
  EXPECT_THAT(touched(), ElementsAre(1));
  write(key(), "of the version before");
  EXPECT_THAT(touched(), IsEmpty());
  write(versions() / "4/privkey.pem", "of the current version");
  EXPECT_THAT(touched(), ElementsAre(1));
}

TEST_F(FolderWatchTest, TellsOfAFirstVersion) {
  fs::remove_all(certificate("b"));
  EXPECT_THAT(touched(), IsEmpty());
  EXPECT_THAT(watch().unwatched(), IsEmpty());
  add("b", 1);
  EXPECT_THAT(touched(), ElementsAre(1));
  write(versions() / "1/privkey.pem", "other");
  EXPECT_THAT(touched(), ElementsAre(1));
}

// As when a backup is restored, or a file system is mounted over it and away again.
TEST_F(FolderWatchTest, NamesAllWhenTheirFolderIsAnother) {
  const fs::path all = directory_ / "certificates";
  touched();
  fs::rename(all, directory_ / "away");
  EXPECT_THAT(touched(), ElementsAre(0, 1, 2));
  EXPECT_THAT(watch().unwatched(), ElementsAre(0, 1, 2));
  EXPECT_THAT(touched(), IsEmpty());
  EXPECT_FALSE(watch().problem()) << "the system has refused nothing";
  for (const std::string& name : names_) add(name, 3);
  EXPECT_THAT(touched(), ElementsAre(0, 1, 2));
  EXPECT_THAT(watch().unwatched(), IsEmpty());
  write(key(), "other");
  EXPECT_THAT(touched(), ElementsAre(1));
  fs::remove_all(all);
  EXPECT_THAT(touched(), ElementsAre(0, 1, 2));
  fs::rename(directory_ / "away", all);
  EXPECT_THAT(touched(), ElementsAre(0, 1, 2));
  fs::permissions(all, fs::perms::owner_read);
  EXPECT_THAT(touched(), ElementsAre(0, 1, 2));
}

TEST_F(FolderWatchTest, NamesAllWhenTheKernelHasLostCount) {
  std::size_t most = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  touched();
  // The kernel merges an event with the one before only when both are the same.
  for (std::size_t i = 0; i <= most; ++i) {
    fs::permissions(certificate(i % 2 == 0 ? "a" : "b") / "versions", fs::perms::owner_all);
  }
  EXPECT_THAT(touched(), ElementsAre(0, 1, 2));
  EXPECT_THAT(touched(), IsEmpty());
  write(key(), "other");
  EXPECT_THAT(touched(), ElementsAre(1));
}

TEST_F(FolderWatchTest, FindsOneAmongTenThousand) {
  std::vector<std::string> names;
  for (std::size_t which = 0; which < 10'000; ++which) {
    names.push_back("n" + std::to_string(which));
    fs::create_directories(certificate(names.back()) / "versions/1");
    fs::create_symlink("versions/1", certificate(names.back()) / "current");
  }
  const auto watch = reader_.watch_files(names);
  if (!watch->unwatched().empty()) GTEST_SKIP() << watch->problem()->message();
  write(certificate("n9876") / "versions/1/privkey.pem", "other");
  EXPECT_THAT(watch->touched(), ElementsAre(9876));
}

// In a user namespace, which has a limit of its own.
TEST_F(FolderWatchTest, WatchesWhatFitsAndTheRestWhenThereIsRoom) {
  const auto limit = [](int most) {
    std::ofstream file("/proc/sys/user/max_inotify_watches");
    file << most << std::flush;
    return file.good();
  };
  const int status = test::in_child_without({{SYS_acct, EPERM}}, [&] {
    if (unshare(CLONE_NEWUSER) != 0) return 77;
    // One for the folder of all, and two for each.
    if (!limit(5)) return 77;
    if (watch().unwatched() != Indices{2} || !watch().problem()) return 1;
    write(key(), "other");
    if (touched() != Indices{1}) return 2;
    limit(7);
    if (touched() != Indices{2} || !watch().unwatched().empty()) return 3;
    if (watch().problem()) return 5;
    write(certificate("c") / "versions/3/privkey.pem", "other");
    return touched() == Indices{2} ? 0 : 4;
  });
  if (status == 77) GTEST_SKIP() << "the system makes no user namespace with a limit";
  EXPECT_EQ(status, 0);
}

// Two names of one folder have one watch, however much room there is.
TEST_F(FolderWatchTest, OneThatIsNeverWatchedDoesNotKeepTheOthersSo) {
  const int status = test::in_child_without({{SYS_acct, EPERM}}, [&] {
    if (unshare(CLONE_NEWUSER) != 0) return 77;
    const auto limit = [](int most) {
      std::ofstream own("/proc/sys/user/max_inotify_watches");
      own << most << std::flush;
      return own.good();
    };
    if (!limit(3)) return 77;
    const auto watch = reader_.watch_files({"a", "a", "c"});
    if (watch->unwatched() != Indices{1, 2} || !watch->problem()) return 1;
    limit(5);
    if (watch->touched() != Indices{2} || watch->unwatched() != Indices{1}) return 2;
    return watch->problem() ? 3 : 0;
  });
  if (status == 77) GTEST_SKIP() << "the system makes no user namespace with a limit";
  EXPECT_EQ(status, 0);
}

TEST_F(FolderWatchTest, SaysWhyItWatchesNothing) {
  for (const int error_number : {EPERM, ENOSYS, 0}) {
    for (const long call : {SYS_inotify_init1, SYS_inotify_add_watch}) {
      // The kernel may be refused a call of which only the first is tried in another process.
      if (error_number == 0 && call != SYS_inotify_init1) continue;
      EXPECT_EQ(test::in_child_without({{call, error_number}},
                                       [&] {
                                         FileWatch& watch = this->watch();
                                         const bool is_said = watch.problem().has_value();
                                         const bool none = watch.unwatched() == Indices{0, 1, 2};
                                         return is_said && none && watch.touched().empty() ? 0 : 1;
                                       }),
                0)
          << call << " " << error_number;
    }
  }
}

}  // namespace
}  // namespace ccm::store
