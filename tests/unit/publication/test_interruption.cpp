// SPDX-License-Identifier: Apache-2.0
// A writer may die at every step of a publication (layout.h numbers them): readers go on with a
// whole value, and the next writer leaves nothing of the unfinished one behind.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>

#include "publication_fixture.h"

namespace ccm::publication {
namespace {

// Replays the first `step` steps of publishing `next` into slot 0 of a segment whose generation is
// given; the write itself and the wipe are left half done when they are the last step.
void publish_up_to(RawSegment& raw, const Secret& next, std::uint64_t generation, int step) {
  Entry& entry = raw.entry(0);
  const std::size_t idle = current_buffer(generation + 1);
  const std::size_t current = current_buffer(generation);
  BufferState& filling = entry.buffers[idle];
  if (step >= 1) {
    filling.sequence = filling.sequence | 1U;
    filling.size = next.size();
  }
  if (step >= 2) {
    const std::size_t written = step == 2 ? next.size() / 2 : next.size();
    std::copy_n(next.bytes().begin(), written, raw.buffer(0, idle));
  }
  if (step >= 3) ++filling.sequence;
  if (step >= 4) entry.generation = generation + 1;
  if (step >= 5 && generation > 0) {
    entry.buffers[current].sequence = entry.buffers[current].sequence | 1U;
    std::fill_n(raw.buffer(0, current), 100, std::byte{0});
  }
}

class Interruption : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(Interruption, LeavesAWholeValueAndNoOldKey) {
  const auto [published_before, step] = GetParam();
  Writer dying = make_writer({"a"});
  Reader reader = make_reader(dying);
  std::vector<Published> values;
  for (int i = 0; i < published_before; ++i) {
    values.push_back(make_published("a.example"));
    ASSERT_TRUE(dying.publish("a", values.back()));
  }
  const std::string before = values.empty() ? "nothing" : identity_of(values.back());
  EXPECT_EQ(identity_of(reader.get(0)), before);

  const Published next = make_published("a.example");
  RawSegment raw(dying.descriptor());
  publish_up_to(raw, *encode(next), static_cast<std::uint64_t>(published_before), step);
  const std::string expected = step >= 4 ? identity_of(next) : before;
  EXPECT_EQ(identity_of(reader.get(0)), expected);
  EXPECT_EQ(identity_of(make_reader(dying).get(0)), expected);
  EXPECT_EQ(reader.take_error(0), std::nullopt);

  auto successor = Writer::attach(duplicate(dying.descriptor()));
  ASSERT_TRUE(successor);
  EXPECT_EQ(identity_of(make_reader(dying).get(0)), expected) << "attaching changes no value";
  const Secret unfinished = *next.bundle.key().to_der();
  EXPECT_EQ(raw.contains(unfinished.bytes()), step >= 4);
  for (const Published& value : values) {
    const bool is_served = identity_of(value) == expected;
    EXPECT_EQ(raw.contains(value.bundle.key().to_der()->bytes()), is_served);
  }

  const Published last = make_published("a.example");
  EXPECT_TRUE(*successor->publish("a", last));
  EXPECT_EQ(identity_of(reader.get(0)), identity_of(last));
  EXPECT_FALSE(raw.contains(unfinished.bytes()));
}

INSTANTIATE_TEST_SUITE_P(EveryStep, Interruption,
                         testing::Combine(testing::Values(0, 1, 2, 3), testing::Range(0, 6)));

// The same by real deaths at random instants.
TEST(Kill, LeavesAWholeValueEachTime) {
  const Writer writer = make_writer({"a"});
  const std::vector<Published> values{make_published("a.example"), make_published("b.example"),
                                      make_published("c.example")};
  std::vector<std::string> identities;
  for (const Published& value : values) identities.push_back(identity_of(value));
  std::mt19937 random(1);
  Reader reader = make_reader(writer);
  for (int round = 0; round < 50; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      auto own = Writer::attach(duplicate(writer.descriptor()));
      for (std::size_t i = 0; own; ++i) {
        static_cast<void>(own->publish("a", values[i % values.size()]));
      }
      _exit(1);
    }
    const std::uint64_t target = reader.generation(0) + 1 + random() % 20;
    while (reader.generation(0) < target) std::this_thread::yield();
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child must have been at work";
    Reader fresh = make_reader(writer);
    EXPECT_NE(std::find(identities.begin(), identities.end(), identity_of(fresh.get(0))),
              identities.end())
        << round;
    EXPECT_EQ(identity_of(reader.get(0)), identity_of(fresh.get(0)));
  }
  auto successor = Writer::attach(duplicate(writer.descriptor()));
  ASSERT_TRUE(successor);
  RawSegment raw(writer.descriptor());
  const std::string served = identity_of(reader.get(0));
  for (const Published& value : values) {
    EXPECT_EQ(raw.contains(value.bundle.key().to_der()->bytes()), identity_of(value) == served);
  }
}

}  // namespace
}  // namespace ccm::publication
