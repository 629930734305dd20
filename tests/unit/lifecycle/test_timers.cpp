// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "lifecycle/schedule/timers.h"

namespace ccm::lifecycle {
namespace {

Time at(int seconds) {
  return Time(Seconds(seconds));
}

std::string first_of(const Timers<std::string>::Due* due) {
  return due == nullptr ? "" : due->name;
}

TEST(Timers, GiveTheMostOverdueOfAllQueuesOrOfOne) {
  Timers<std::string> timers;
  EXPECT_EQ(timers.first(), nullptr);
  timers.set("a", "x", at(3));
  timers.set("b", "y", at(2));
  timers.set("c", "x", at(5));
  EXPECT_EQ(first_of(timers.first()), "b");
  EXPECT_EQ(first_of(timers.first("x")), "a");
  EXPECT_EQ(timers.first("z"), nullptr);
  timers.set("c", "y", at(1));
  EXPECT_EQ(first_of(timers.first()), "c");
  timers.set("c", "y", Time::max());
  EXPECT_EQ(first_of(timers.first()), "b");
  timers.remove("b");
  timers.remove("b");
  EXPECT_EQ(timers.first("y"), nullptr);
  EXPECT_EQ(first_of(timers.first()), "a");
}

TEST(Timers, AQueueThatIsHeldUpHoldsUpOnlyItsOwn) {
  Timers<std::string> timers;
  timers.hold("x");
  timers.set("a", "x", at(1));
  timers.set("b", "y", at(2));
  EXPECT_EQ(first_of(timers.first()), "b");
  EXPECT_EQ(timers.first("x"), nullptr);
  timers.remove("b");
  EXPECT_EQ(timers.first(), nullptr);
  timers.release("x");
  timers.release("y");
  EXPECT_EQ(first_of(timers.first()), "a");
}

// Against the simplest thing that could be right.
TEST(Timers, AgreeWithALookAtAll) {
  Timers<int> timers;
  std::map<std::string, std::pair<int, Time>> all;
  std::map<int, bool> held;
  std::mt19937 random(7);
  for (int step = 0; step < 20'000; ++step) {
    const std::string name = std::to_string(random() % 50);
    const int queue = static_cast<int>(random() % 5);
    const auto act = random() % 10;
    if (act < 6) {
      const Time when = at(static_cast<int>(random() % 1000));
      timers.set(name, queue, when);
      all[name] = {queue, when};
    } else if (act < 8) {
      timers.remove(name);
      all.erase(name);
    } else {
      held[queue] = act == 8;
      act == 8 ? timers.hold(queue) : timers.release(queue);
    }
    const std::pair<Time, std::string> none{Time::max(), ""};
    auto expected = none;
    for (const auto& [its_name, place] : all) {
      if (!held[place.first]) expected = std::min(expected, std::pair(place.second, its_name));
    }
    const auto* due = timers.first();
    ASSERT_EQ(due == nullptr ? none : std::pair(due->at, due->name), expected) << step;
  }
}

}  // namespace
}  // namespace ccm::lifecycle
