// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/hooks/frames.h"

namespace ccm::agent {
namespace {

using testing::SizeIs;

TEST(FramesTest, AMessageComesBackByteByByte) {
  const EventMessage message{
      .call = EventCall::ask,
      .id = 7,
      .lost = 3,
      .event = {.type = EventType::installing, .at = Time(Seconds(5)), .certificate = "www"}};
  FrameBuffer frames;
  const std::string bytes = encode(message) + encode(message);
  int count = 0;
  for (const char byte : bytes) {
    frames.add({&byte, 1});
    const auto payload = frames.next();
    ASSERT_TRUE(payload);
    if (!*payload) continue;
    const auto again = decode_message(**payload);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->call, EventCall::ask);
    EXPECT_EQ(again->id, 7U);
    EXPECT_EQ(again->lost, 3U);
    EXPECT_EQ(again->event.certificate, "www");
    ++count;
  }
  EXPECT_EQ(count, 2);
}

TEST(FramesTest, AnAnswerComesBack) {
  HookAnswer answer{.id = 9, .results = {}};
  for (int i = 0; i < 12; ++i) {
    answer.results.push_back({"/x", "ended with status 0", true, "a\nb\n"});
  }
  answer.results.push_back({"/y", "ended with status 1", false, std::string(100'000, 'x')});
  FrameBuffer frames;
  frames.add(encode(answer));
  const auto payload = frames.next();
  ASSERT_TRUE(payload && *payload);
  const auto again = decode_answer(**payload);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, 9U);
  ASSERT_THAT(again->results, SizeIs(8));
  EXPECT_EQ(again->results[0].hook, "/y") << "what failed is never left out";
  EXPECT_FALSE(again->results[0].is_good);
  EXPECT_THAT(again->results[0].output, SizeIs(20 * 1024));
  EXPECT_EQ(again->results[1].output, "a\nb\n");
}

TEST(FramesTest, BelievesNoLength) {
  FrameBuffer frames;
  frames.add(std::string_view("\xff\xff\xff\x7fhello", 9));
  EXPECT_FALSE(frames.next());
  EXPECT_FALSE(decode_message("hello"));
  EXPECT_FALSE(decode_answer("hello"));
  const std::string good = encode(EventMessage{.event = {.at = Time(Seconds(1))}}).substr(4);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_message(good.substr(0, size))) << size;
  }
  std::string strange = good;
  strange[0] = 17;
  EXPECT_FALSE(decode_message(strange));
}

}  // namespace
}  // namespace ccm::agent
