// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace ccm {
namespace {

using ::testing::ElementsAre;

TEST(Text, TrimsAsciiWhiteSpace) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, SplitsAndKeepsEmptyParts) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split("a,", ','), ElementsAre("a", ""));
}

TEST(Text, JoinsWithSeparators) {
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(Text, LowersAsciiOnly) {
  EXPECT_EQ(to_lower("AbZ-09\xc3\x84"), "abz-09\xc3\x84");
  EXPECT_TRUE(equals_ignoring_case("Retry-After", "retry-after"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
}

TEST(Text, ParsesDecimalNumbersAndNothingElse) {
  EXPECT_EQ(parse_unsigned("0"), 0U);
  EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615U);
  for (const char* wrong : {"", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616"}) {
    EXPECT_EQ(parse_unsigned(wrong), std::nullopt) << wrong;
  }
}

TEST(Text, MakesControlCharactersVisible) {
  EXPECT_EQ(printable("a\nb\x7f\x1b[m"), "a\\x0ab\\x7f\\x1b[m");
  EXPECT_EQ(printable("\xc3\xa4 \xe4\xb8\xad \xf0\x9f\x98\x80"),
            "\xc3\xa4 \xe4\xb8\xad \xf0\x9f\x98\x80");
  // C1 controls are escape sequences to some terminals.
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u009b31m");
}

TEST(Text, MakesVisibleWhatChangesTheTextAroundIt) {
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\u202eb");                                   // right-to-left override
  EXPECT_EQ(printable("\xe2\x81\xa6"), "\\u2066");          // isolate
  EXPECT_EQ(printable("\xe2\x80\xa8"), "\\u2028");          // line separator
  EXPECT_EQ(printable("\xe2\x80\x8b"), "\\u200b");          // zero width space
  EXPECT_EQ(printable("\xef\xbb\xbf"), "\\ufeff");          // byte order mark
  EXPECT_EQ(printable("\xf3\xa0\x81\x81"), "\\U000e0041");  // a tag
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Text, WritesOutBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("\x9b\xff"), "\\x9b\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                             // cut short
  EXPECT_EQ(printable("\xc0\x8a"), "\\xc0\\x8a");                    // an overlong line feed
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
}

TEST(Text, ChangesNothingTheSecondTime) {
  const std::string once = printable("\x1b\xe2\x80\xae\xff\\ \xc3\xa4");
  EXPECT_EQ(printable(once), once);
}

TEST(Text, KeepsLineFeedsOnRequest) {
  EXPECT_EQ(printable_lines("a\nb\r\x1b\n"), "a\nb\\x0d\\x1b\n");
}

TEST(Text, CutsBetweenCharacters) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abc", 2), "ab");
  EXPECT_EQ(cut("a\xc3\xa4", 2), "a");
  EXPECT_EQ(cut("\xf0\x9f\x98\x80z", 3), "");
  EXPECT_EQ(cut("\xf0\x9f\x98\x80z", 4), "\xf0\x9f\x98\x80");
  EXPECT_EQ(cut("\x80\x80\x80\x80\x80\x80", 5), "\x80\x80\x80\x80\x80");
}

TEST(Text, GivesLinesThatHaveAnEnd) {
  std::vector<std::string> lines;
  const auto keep = [&lines](std::string_view line) { lines.emplace_back(line); };
  EXPECT_EQ(for_each_line("", keep), 0U);
  EXPECT_EQ(for_each_line("beginning", keep), 0U);
  EXPECT_TRUE(lines.empty());
  EXPECT_EQ(for_each_line("a\n\nbc\nrest", keep), 6U);
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "", "bc"}));
  EXPECT_EQ(for_each_line("whole\n", keep), 6U);
  EXPECT_EQ(lines.back(), "whole");
}

TEST(Record, ReadsBackWhatItWrote) {
  Record record;
  record.add("name", "www");
  record.add("empty", "");
  record.add("odd", "line\nfeed\r and \\n back\\slash\\");
  record.add("name", "second");
  const Result<Record> read = Record::parse(record.serialize());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->find("name"), "www");
  EXPECT_EQ(read->find("empty"), "");
  EXPECT_EQ(read->find("odd"), "line\nfeed\r and \\n back\\slash\\");
  EXPECT_THAT(read->find_all("name"), ElementsAre("www", "second"));
  EXPECT_EQ(read->find("absent"), std::nullopt);
  EXPECT_EQ(read->serialize(), record.serialize());
}

TEST(Record, FindsNumbers) {
  Record record;
  record.add("at", "-12");
  record.add("text", "12x");
  EXPECT_EQ(record.find_number("at"), -12);
  EXPECT_EQ(record.find_number("text"), std::nullopt);
  EXPECT_EQ(record.find_number("absent"), std::nullopt);
}

TEST(Record, NamesTheLineThatIsNone) {
  const Result<Record> read = Record::parse("a: 1\nnonsense\n");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::invalid);
  EXPECT_EQ(read.error().message(), "line 2 is not \"key: value\"");
  EXPECT_FALSE(Record::parse(": no key"));
  EXPECT_TRUE(Record::parse(""));
}

}  // namespace
}  // namespace ccm
