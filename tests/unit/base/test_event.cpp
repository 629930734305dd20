// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/event.h"

namespace ccm {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

Event example_event() {
  return {.type = EventType::challenge_setup,
          .at = Time(1'764'163'800s),
          .certificate = "www",
          .server = "nginx",
          .version = 7,
          .serial = "0a1b",
          .not_after = Time(1'780'000'000s),
          .sentence = "place the record",
          .fields = {{"domain", "www.example.com"}, {"record_value", "a: b\\c"}}};
}

void expect_same(const Event& a, const Event& b) {
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.certificate, b.certificate);
  EXPECT_EQ(a.server, b.server);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.serial, b.serial);
  EXPECT_EQ(a.not_after, b.not_after);
  EXPECT_EQ(a.sentence, b.sentence);
  EXPECT_EQ(a.fields, b.fields);
}

TEST(EventTest, FindsEveryKindByItsName) {
  std::set<std::string_view> names;
  for (const EventKind& kind : event_kinds()) {
    EXPECT_EQ(find_event_kind(kind.name), &kind);
    EXPECT_EQ(&kind_of(kind.type), &kind);
    EXPECT_FALSE(kind.description.empty());
    names.insert(kind.name);
  }
  EXPECT_EQ(names.size(), event_kinds().size());
  EXPECT_EQ(find_event_kind("install"), nullptr);
}

TEST(EventTest, OnlyThreeKindsAsk) {
  std::set<std::string_view> asking;
  for (const EventKind& kind : event_kinds()) {
    if (kind.asks) asking.insert(kind.name);
  }
  EXPECT_EQ(asking, (std::set<std::string_view>{"renewing", "installing", "challenge-setup"}));
}

TEST(EventTest, ComesBackFromALine) {
  const Event event = example_event();
  const auto again = parse_event_line(to_line(event));
  ASSERT_TRUE(again) << again.error().message();
  expect_same(event, *again);
  EXPECT_EQ(again->field("domain"), "www.example.com");
  EXPECT_EQ(again->field("record_name"), "");
}

TEST(EventTest, ComesBackWithoutAnything) {
  const Event event{.type = EventType::agent_started, .at = Time(1s)};
  const auto again = parse_event_line(to_line(event));
  ASSERT_TRUE(again);
  expect_same(event, *again);
}

TEST(EventTest, RefusesEveryLineThatWasCutShort) {
  const std::string line = to_line(example_event());
  for (std::size_t size = 0; size + 1 < line.size(); ++size) {
    EXPECT_FALSE(parse_event_line(line.substr(0, size))) << size;
  }
}

TEST(EventTest, StaysOneLineOfBoundedSizeWhateverIsInIt) {
  Event event = example_event();
  event.sentence = "a\nevent: installed\tat: 1\x1b[2J" + std::string(5000, 'x');
  event.fields = {{"domain", std::string(5000, 'y')}, {"Bad Name", "z"}, {"", "z"}};
  for (int i = 0; i < 100; ++i) event.fields.emplace_back("domain", std::string(5000, 'y'));
  const Event short_one = bounded(std::move(event));
  EXPECT_THAT(short_one.sentence, EndsWith("..."));
  EXPECT_EQ(short_one.sentence.size(), 1000U);
  EXPECT_THAT(short_one.fields, SizeIs(32));
  EXPECT_THAT(short_one.fields[0], Pair("domain", SizeIs(500)));
  const std::string line = to_line(short_one);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_LT(line.size(), 24'000U);
  const auto again = parse_event_line(line);
  ASSERT_TRUE(again);
  expect_same(short_one, *again);
}

TEST(EventTest, CrossesAPipe) {
  Packer out;
  pack_event(out, example_event());
  out.number(5);
  const Secret bytes = std::move(out).take();
  Unpacker in(bytes.reveal());
  const auto again = unpack_event(in);
  ASSERT_TRUE(again);
  expect_same(example_event(), *again);
  EXPECT_EQ(in.number(), 5U);
  EXPECT_TRUE(in.is_complete());
}

TEST(EventTest, MakesNothingOfBytesThatAreNone) {
  Unpacker in(std::string_view("\x05\0\0\0hello", 9));
  EXPECT_FALSE(unpack_event(in));
}

TEST(EventTest, NobodyHasAnythingAgainstWhatNobodyHears) {
  no_events().tell(example_event());
  EXPECT_TRUE(no_events().ask(example_event()));
}

}  // namespace
}  // namespace ccm
