// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cloud/reply/json.h"

namespace ccm::cloud {
namespace {

JsonDocument parsed(std::string_view text) {
  auto document = JsonDocument::parse(text);
  EXPECT_TRUE(document) << text;
  return std::move(document).value();
}

TEST(Json, ReadsNumbersInStringsAndStringsInNumbers) {
  const auto document = parsed(R"({"a":12,"b":"12","c":12.9,"d":true,"e":null,"f":"x","g":"-3"})");
  EXPECT_EQ(document["a"].integer(), 12);
  EXPECT_EQ(document["b"].integer(), 12);
  EXPECT_EQ(document["c"].integer(), 12);
  EXPECT_EQ(document["d"].integer(), std::nullopt);
  EXPECT_EQ(document["f"].integer(), std::nullopt);
  EXPECT_EQ(document["a"].text(), "12");
  EXPECT_EQ(document["b"].text(), "12");
  EXPECT_EQ(document["d"].text(), "true");
  EXPECT_EQ(document["e"].text(), "");
  EXPECT_FALSE(document["e"].exists());
  EXPECT_FALSE(document["none"].exists());
}

TEST(Json, AbsentValuesNeedNoChecks) {
  const auto document = parsed(R"({"a":{"b":"c"},"l":[1,2]})");
  EXPECT_EQ(document["a"]["b"].text(), "c");
  EXPECT_EQ(document["x"]["y"]["z"].text(), "");
  EXPECT_EQ(document["a"]["b"]["c"].text(), "");
  EXPECT_TRUE(document["x"].elements().empty());
  EXPECT_EQ(document["l"].elements().size(), 2U);
  EXPECT_EQ(document["a"].elements().size(), 1U) << "an object is an array of one";
  EXPECT_EQ(document["a"].members().size(), 1U);
}

TEST(Json, ReadsTimesAndSecrets) {
  const auto document = parsed(R"({"n":1778438520000,"s":"1778438520000","k":"key","o":{}})");
  EXPECT_EQ(document["n"].time(), Time(Seconds(1'778'438'520)));
  EXPECT_EQ(document["s"].time(), Time(Seconds(1'778'438'520)));
  EXPECT_EQ(document["k"].secret().reveal(), "key");
  EXPECT_TRUE(document["o"].secret().empty());
  EXPECT_EQ(document["o"].time(), std::nullopt);
}

TEST(Json, GarbageIsTransientAndNotQuoted) {
  for (const std::string_view text :
       {"", "{", "\"-----BEGIN PRIVATE KEY-----\"x", "<html>", "{\"a\":1}{", "{\"a\":\"\xff\"}"}) {
    const auto document = JsonDocument::parse(text);
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().kind(), ErrorKind::transient);
    EXPECT_EQ(document.error().message().find("PRIVATE"), std::string::npos);
  }
}

TEST(Json, DeepNestingIsRefusedNotRecursedInto) {
  EXPECT_FALSE(JsonDocument::parse(std::string(100'000, '[')));
}

TEST(JsonObject, WritesCompactUtf8) {
  JsonObject inner;
  inner.set("name", "证书").set_flag("yes", true);
  std::vector<JsonObject> list;
  list.push_back(std::move(inner));
  JsonObject object;
  object.set_number("n", 5).set_texts("t", {"a", "b\"c"}).set_objects("o", std::move(list));
  EXPECT_EQ(object.dump().value(), R"({"n":5,"t":["a","b\"c"],"o":[{"name":"证书","yes":true}]})");
}

TEST(JsonObject, RefusesTextThatIsNotUtf8) {
  JsonObject inner;
  inner.set("name", "\xff");
  JsonObject object;
  object.set_object("inner", std::move(inner));
  ASSERT_FALSE(object.dump());
  EXPECT_EQ(object.dump().error().kind(), ErrorKind::invalid);
}

TEST(Json, EscapesWhatATerminalWouldNotShow) {
  const auto document =
      JsonDocument::parse("{\"a\xe2\x80\xae\":\"\xc2\x9b \xc3\xa4 \xf3\xa0\x81\x81\"}");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().pretty().reveal(),
            "{\n  \"a\\u202e\": \"\\u009b \xc3\xa4 \\udb40\\udc41\"\n}");
}

TEST(Json, ReadsAnAnswerWithANumberBeyond64Bits) {
  const auto document =
      JsonDocument::parse(R"({"total_count":123456789012345678901234567890,"small":7,"id":"x"})");
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_EQ((*document)["total_count"].integer(), std::nullopt);
  EXPECT_EQ((*document)["small"].integer(), 7);
  EXPECT_EQ((*document)["id"].text(), "x");
  EXPECT_FALSE(JsonDocument::parse(R"({"a":1e999})"));
}

}  // namespace
}  // namespace ccm::cloud
