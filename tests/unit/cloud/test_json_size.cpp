// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "cloud/reply/json.h"
#include "cloud/reply/json_size.h"

namespace ccm::cloud {
namespace {

constexpr std::size_t kLargestAnswer = 12UL << 20U;
// ThreadSanitizer keeps several bytes of its own for each of ours.
#if defined(__SANITIZE_THREAD__)
constexpr long kSanitizersShare = 6;
#else
constexpr long kSanitizersShare = 1;
#endif
constexpr long kKibibytesAllowed = kSanitizersShare * (64L << 10U);

std::string repeated(std::string_view part, std::size_t size) {
  std::string text;
  while (text.size() + part.size() <= size) text += part;
  return text;
}

// The most memory this process ever had, in KiB.
long peak() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(JsonSize, CountsValuesOutsideOfTexts) {
  EXPECT_TRUE(check_json_size(R"({"a":[1,2,{"b":"],[,\",{"}]})", 6));
  EXPECT_FALSE(check_json_size(R"({"a":[1,2,{"b":"],[,\",{"}]})", 5));
  EXPECT_TRUE(check_json_size("", 1));
  EXPECT_TRUE(check_json_size("\"\\", 1));
  EXPECT_TRUE(check_json_size("]]]]", 1));
}

TEST(JsonSize, LimitsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(JsonDocument::parse(nested(kDeepestJson)));
  const auto deeper = JsonDocument::parse(nested(kDeepestJson + 1));
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().kind(), ErrorKind::transient);
}

TEST(JsonSize, KeepsTheLargestAnswerFromFillingTheMemory) {
  for (const std::string_view part : {"{},", "[],", "0,", "\"\","}) {
    const std::string text = "[" + repeated(part, kLargestAnswer) + "0]";
    const long before = peak();
    const auto document = JsonDocument::parse(text);
    ASSERT_FALSE(document) << part;
    EXPECT_EQ(document.error().message(), "the answer has more than 100000 values");
    EXPECT_LT(peak() - before, kKibibytesAllowed) << part;
  }
}

TEST(JsonSize, LetsTheLargestAllowedDocumentsThroughInLittleMemory) {
  const std::string text = "[" + repeated("{},", 3 * (kMostJsonValues / 2 - 2)) + "0]";
  const long before = peak();
  EXPECT_TRUE(JsonDocument::parse(text));
  EXPECT_LT(peak() - before, kKibibytesAllowed);
}

TEST(JsonSize, LetsAllOfOurOwnThrough) {
  const std::string text = "[" + repeated("0,", 4 * kMostJsonValues) + "0]";
  EXPECT_FALSE(JsonDocument::parse(text));
  EXPECT_TRUE(JsonDocument::parse(text, kAnyNumberOfValues));
}

}  // namespace
}  // namespace ccm::cloud
