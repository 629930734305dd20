// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "store/file_store/journal.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

class JournalTest : public ::testing::Test {
 protected:
  std::string state() const { return directory_.path().string(); }
  Revision now() const { return read_changes(state(), {}).revision; }
  auto since(const Revision& revision) const { return read_changes(state(), revision).names; }
  void change(const std::string& name) const {
    note_change(state(), name, Changed::what_is_served);
  }
  std::string text() const { return test::read_whole_file(state() + "/changes"); }

  test::TempDirectory directory_{test::memory_backed_parent()};
};

TEST_F(JournalTest, HasReadersLookAtAllWhereThereIsNone) {
  const Changes changes = read_changes(state(), {});
  EXPECT_FALSE(changes.names);
  EXPECT_EQ(changes.revision, Revision());
  EXPECT_FALSE(since({}));
}

TEST_F(JournalTest, TellsWhatChangedAfterAMoment) {
  change("www");
  const Revision first = now();
  EXPECT_THAT(since(first), Optional(IsEmpty()));
  change("api");
  const Revision second = now();
  change("mail");
  change("api");
  EXPECT_THAT(since(first), Optional(ElementsAre("mail", "api"))) << "each at its last change";
  EXPECT_THAT(since(second), Optional(ElementsAre("mail", "api")));
}

TEST_F(JournalTest, WhoKeepsWhatItReadHearsOfEveryChangeOfOthers) {
  Journal kept(state());
  Journal other(state());
  kept.note("first", Changed::records);
  Revision before = kept.since({}).revision;
  for (int i = 0; i < 50; ++i) {
    Journal& writer = i % 2 == 0 ? other : kept;
    const std::string name = "name" + std::to_string(i % 7);
    writer.note(name, i % 3 == 0 ? Changed::what_is_served : Changed::records);
    for (Journal* reader : {&kept, &other}) {
      EXPECT_THAT(reader->since(before).names, Optional(ElementsAre(name))) << i;
    }
    before = kept.since(before).revision;
  }
  other.note_new_life();
  EXPECT_FALSE(kept.since(before).names);
  std::filesystem::remove(state() + "/changes");
  EXPECT_FALSE(kept.since(before).names);
}

TEST_F(JournalTest, KnowsTheLastChangesOnly) {
  change("first");
  const Revision first = now();
  change("second");
  const Revision second = now();
  for (std::size_t i = 2; i < kMostJournalNames; ++i) {
    change("name" + std::to_string(i));
  }
  EXPECT_EQ(since(first)->size(), kMostJournalNames - 1);
  change("one-more");
  EXPECT_EQ(since(first)->size(), kMostJournalNames) << "only the first was left out";
  change("and-one-more");
  EXPECT_FALSE(since(first)) << "it did not hear of the second";
  EXPECT_EQ(since(second)->size(), kMostJournalNames);
  for (int i = 0; i < 3; ++i) change("and-one-more");
  EXPECT_TRUE(since(second)) << "one that changes again and again drives no other out";
}

TEST_F(JournalTest, AddsALineForAChangeAndMakesNoNewFile) {
  change("first");
  const auto status = [&] {
    struct stat now {};
    EXPECT_EQ(stat((state() + "/changes").c_str(), &now), 0);
    return now;
  };
  const struct stat before = status();
  const std::string text_before = text();
  for (std::size_t i = 1; i < kMostJournalNames; ++i) {
    note_change(state(), "name" + std::to_string(i), Changed::records);
    EXPECT_EQ(status().st_ino, before.st_ino) << i;
  }
  EXPECT_TRUE(text().starts_with(text_before)) << "what was written is not written again";
  const std::size_t size = text().size();
  EXPECT_LT(size, kMostJournalNames * 50);
  for (std::size_t i = 0; i < 3 * kMostJournalNames; ++i) change("one");
  EXPECT_LT(text().size(), 3 * size) << "it does not grow without end";
}

// The rest of the line comes later, and with it what the reader goes by again.
TEST_F(JournalTest, AReaderThatSawHalfOfALineGoesOnWhenItHasSeenAllOfIt) {
  change("first");
  Journal reader(state());
  const Revision first = reader.since({}).revision;
  const std::size_t begin = text().size();
  change("second");
  const std::string line = text().substr(begin);
  std::filesystem::resize_file(state() + "/changes", begin);
  const auto add = [&](const std::string& part) {
    std::ofstream(state() + "/changes", std::ios::app) << part;
  };
  add(line.substr(0, 9));
  EXPECT_FALSE(reader.since(first).names);
  add(line.substr(9));
  EXPECT_THAT(reader.since(first).names, Optional(ElementsAre("second")));
}

TEST_F(JournalTest, HasReadersLookAtAllWhenALineIsMissing) {
  change("first");
  const Revision first = now();
  const std::size_t begin = text().size();
  note_change(state(), "second", Changed::records);
  const std::size_t end = text().size();
  change("third");
  std::string without = text();
  without.erase(begin, end - begin);
  directory_.write("changes", without);
  EXPECT_FALSE(since(first));
}

TEST_F(JournalTest, HasReadersLookAtAllWhenItWasDamaged) {
  change("www");
  const Revision first = now();
  change("api");
  const std::string whole = text();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    directory_.write("changes", whole.substr(0, size));
    EXPECT_FALSE(since(first)) << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string altered = whole;
    altered[at] = altered[at] == '1' ? '2' : '1';
    directory_.write("changes", altered);
    EXPECT_FALSE(since(first)) << at;
  }
  directory_.write("changes", std::string(2'000'000, '1'));
  EXPECT_FALSE(since(first));
  directory_.write("changes", whole);
  EXPECT_THAT(since(first), Optional(ElementsAre("api")));
}

TEST_F(JournalTest, GoesOnAfterDamageInAnotherLife) {
  change("www");
  const Revision first = now();
  directory_.write("changes", "scribble");
  change("api");
  change("api");
  EXPECT_NE(now().life, first.life);
  EXPECT_FALSE(since(first));
  EXPECT_THAT(since(now()), Optional(IsEmpty()));
}

// They write the revision and nothing else.
TEST_F(JournalTest, HasReadersLookAtAllWhenAnOlderReleaseChangedSomething) {
  change("www");
  const Revision before = now();
  directory_.write("revision", "2\n");
  EXPECT_FALSE(since(before));
  change("api");
  EXPECT_FALSE(since(before));
  EXPECT_EQ(test::read_whole_file(state() + "/revision"), "3\n");
  const Revision after = now();
  change("api");
  EXPECT_THAT(since(after), Optional(ElementsAre("api")));
}

TEST_F(JournalTest, WritesTheRevisionIntoTheSameFile) {
  const std::string path = state() + "/revision";
  directory_.write("revision", "98\n");
  change("www");
  const auto file = [&] {
    struct stat facts {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0);
    return std::pair(facts.st_ino, facts.st_mode & 07777U);
  };
  const auto before = file();
  change("www");
  EXPECT_EQ(test::read_whole_file(path), "100\n");
  EXPECT_EQ(file(), before);
  // What is no number of ours is replaced.
  directory_.write("revision", "7 and whatever else somebody wrote\n");
  change("www");
  EXPECT_EQ(test::read_whole_file(path), "101\n");
}

// A reader that does not see the second of two numbers lacks nothing.
TEST_F(JournalTest, DoesWithoutTheNewestRevision) {
  change("www");
  const Revision first = now();
  change("api");
  directory_.write("revision", "1\n");
  EXPECT_THAT(since(first), Optional(ElementsAre("api")));
  change("web");
  EXPECT_EQ(test::read_whole_file(state() + "/revision"), "3\n");
  EXPECT_THAT(since(first), Optional(ElementsAre("api", "web")));
}

// Other programs watch the revision (docs/how-to/other-programs.md).
TEST_F(JournalTest, WritesTheRevisionOnlyWhenAnotherCertificateIsServed) {
  const auto revision = [&] { return test::read_whole_file(state() + "/revision"); };
  directory_.write("revision", "41\n");
  change("www");
  EXPECT_EQ(revision(), "42\n");
  const Revision before = now();
  note_change(state(), "www", Changed::records);
  note_new_life(state());
  EXPECT_EQ(revision(), "42\n");
  EXPECT_FALSE(since(before));
}

TEST_F(JournalTest, BeginsANewLifeWhenAnythingMayHaveChanged) {
  change("www");
  const Revision first = now();
  note_new_life(state());
  EXPECT_FALSE(since(first));
  EXPECT_EQ(now().number, first.number);
  EXPECT_THAT(since(now()), Optional(IsEmpty()));
}

TEST_F(JournalTest, HasReadersLookAtAllWhenAChangeCannotBeWrittenDown) {
  change("www");
  const Revision first = now();
  // A directory in its place: neither replaced nor removed, and no journal.
  std::filesystem::remove(directory_.path() / "changes");
  std::filesystem::create_directory(directory_.path() / "changes");
  change("api");
  EXPECT_FALSE(since(first));
}

}  // namespace
}  // namespace ccm::store
