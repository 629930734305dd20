// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/file_store/event_log.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EventLogTest : public testing::Test {
 protected:
  std::string place() const { return directory_.path().string(); }
  void append(std::uint64_t number, std::string sentence = "so") {
    EventLog log(place());
    append(log, number, std::move(sentence));
  }
  static void append(EventLog& log, std::uint64_t number, std::string sentence = "so") {
    ASSERT_TRUE(log.append(to_line({.type = EventType::served,
                                    .at = Time(Seconds(1)),
                                    .version = number,
                                    .sentence = std::move(sentence)})));
  }
  // The numbers of all events from there on.
  std::vector<std::uint64_t> numbers(EventMark mark = {}) {
    std::vector<std::uint64_t> found;
    for (;;) {
      const auto page = read_event_page(place(), mark);
      EXPECT_TRUE(page);
      for (const Event& event : page->events) found.push_back(event.version);
      mark = page->next;
      if (!page->has_more) return found;
    }
  }
  std::string file(unsigned number) const {
    return fmt::format("{}/events-{:08}", place(), number);
  }

  test::TempDirectory directory_;
};

TEST_F(EventLogTest, IsForItsOwnerOnly) {
  append(1);
  struct stat facts {};
  ASSERT_EQ(stat(file(1).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(EventLogTest, PassesOverALineThatWasCutShort) {
  append(1);
  std::ofstream(file(1), std::ios::app) << "event: served\ttime: 2026";
  EXPECT_THAT(numbers(), ElementsAre(1U)) << "the rest may be on its way";
  append(2);
  EXPECT_THAT(numbers(), ElementsAre(1U, 2U));
}

TEST_F(EventLogTest, PassesOverWhatIsNoEvent) {
  append(1);
  std::ofstream(file(1), std::ios::app)
      << "\n\xff\xfe nonsense\nevent: none of ours\tat: 1\tend: 1\n";
  append(2);
  EXPECT_THAT(numbers(), ElementsAre(1U, 2U));
}

TEST_F(EventLogTest, KeepsABoundedSizeAndTheNewest) {
  const std::string filling(900, 'x');
  const std::size_t count = (kMostEventFiles + 2) * kFullEventFile / 900;
  for (std::size_t number = 1; number <= count; ++number) append(number, filling);
  std::uintmax_t size = 0;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    size += entry.file_size();
    ++files;
  }
  EXPECT_EQ(files, kMostEventFiles);
  EXPECT_LE(size, kMostEventFiles * (kFullEventFile + 4096));
  const auto kept = numbers();
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept.back(), count);
  EXPECT_EQ(kept.size(), kept.back() - kept.front() + 1) << "in order, without a gap";
}

TEST_F(EventLogTest, FollowsIntoTheNextFileAndFromOneThatIsGone) {
  append(1);
  auto page = read_event_page(place(), {});
  ASSERT_TRUE(page);
  const EventMark mark = page->next;
  std::ofstream(file(2)) << "";
  append(2);
  EXPECT_THAT(numbers(mark), ElementsAre(2U));
  unlink(file(1).c_str());
  EXPECT_THAT(numbers(mark), ElementsAre(2U));
}

TEST_F(EventLogTest, HasNothingWhereThereIsNoStore) {
  const auto page = read_event_page(place() + "/none", {});
  ASSERT_TRUE(page);
  EXPECT_THAT(page->events, IsEmpty());
}

TEST_F(EventLogTest, FollowsNoLink) {
  ASSERT_EQ(symlink("/dev/null", file(1).c_str()), 0);
  EXPECT_FALSE(EventLog(place()).append("x"));
}

// Two agents, of which each knows where it has written last.
TEST_F(EventLogTest, TwoWritersGoOnToTheSameFile) {
  EventLog one(place());
  EventLog other(place());
  append(one, 1);
  append(other, 2);
  std::filesystem::resize_file(file(1), kFullEventFile);
  append(one, 3);
  append(other, 4);
  EXPECT_THAT(numbers(), ElementsAre(1U, 2U, 3U, 4U));
  EXPECT_THAT(numbers({.file = 2, .offset = 0}), ElementsAre(3U, 4U));
}

TEST_F(EventLogTest, BeginsAnewWhenItsFilesAreGone) {
  EventLog log(place());
  append(log, 1);
  std::filesystem::rename(file(1), file(7));
  append(log, 2);
  EXPECT_THAT(numbers(), ElementsAre(1U, 2U));
  unlink(file(7).c_str());
  append(log, 3);
  EXPECT_TRUE(std::filesystem::exists(file(1)));
  EXPECT_THAT(numbers(), ElementsAre(3U));
}

TEST_F(EventLogTest, AFollowerOfAFileThatWasCutGoesOnAtItsEnd) {
  append(1);
  const EventMark mark = read_event_page(place(), {})->next;
  append(2);
  const auto size = std::filesystem::file_size(file(1));
  const auto page = read_event_page(place(), mark);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->events.size(), 1U);
  EXPECT_EQ(page->next.offset, size);
  std::filesystem::resize_file(file(1), mark.offset);
  EXPECT_EQ(read_event_page(place(), page->next)->next.offset, mark.offset);
}

}  // namespace
}  // namespace ccm::store
