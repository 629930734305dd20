// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/answers/render.h"

namespace ccm::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

cloud::JsonDocument parse(std::string_view text) {
  return *cloud::JsonDocument::parse(text);
}

const Terminal kPlain(ColourMode::never);

TEST(Render, ShowsTheChosenColumnsOfAList) {
  const auto list = parse(R"([{"id":"1","dn":{"cn":"a"},"tags":["x","y"]},{"id":"2"}])");
  EXPECT_EQ(as_table(kPlain, list.root().elements(), "id,dn.cn,tags"),
            "ID  CN  TAGS\n"
            "1   a   x, y\n"
            "2       \n");
}

TEST(Render, ShowsObjectsAsLines) {
  const auto object = parse(R"({"a":{"b":1,"c":true},"list":["x"],"rows":[{"k":"v"}]})");
  EXPECT_EQ(as_lines(kPlain, object.root()), "a.b: 1\na.c: true\nlist: x\nrows:\nK\nv\n");
}

TEST(Render, TurnsMillisecondsIntoTimes) {
  const auto object = parse(R"({"not_after":1778438520000})");
  EXPECT_EQ(as_lines(kPlain, object.root()), "not_after: 2026-05-10T18:42:00Z\n");
}

TEST(Render, DoesNotShowKeysToPeople) {
  const auto object = parse(R"({"private_key":"SECRET","certificate":"PEM"})");
  EXPECT_THAT(as_lines(kPlain, object.root()), Not(HasSubstr("SECRET")));
}

TEST(Render, DoesNotShowKeysInListsEither) {
  const auto object =
      parse(R"({"certs":[{"id":"1","private_key":"BYTES","private_key_algo":"EC_P256"}],)"
            R"("more":{"password":["BYTES"]}})");
  const std::string lines = as_lines(kPlain, object.root());
  EXPECT_THAT(lines, Not(HasSubstr("BYTES")));
  EXPECT_THAT(lines, HasSubstr("EC_P256"));
  const auto rows = object.root()["certs"].elements();
  EXPECT_THAT(as_table(kPlain, rows, ""), Not(HasSubstr("BYTES")));
  const auto nested = parse(R"([{"a":{"enc_private_key":"BYTES"},"secret":["BYTES"]}])");
  EXPECT_THAT(as_table(kPlain, nested.root().elements(), "a.enc_private_key,secret"),
              Not(HasSubstr("BYTES")));
}

TEST(Render, KeepsEscapeSequencesAway) {
  const auto object = parse("{\"name\":\"a\\u001b[31m\"}");
  EXPECT_EQ(as_lines(kPlain, object.root()), "name: a\\x1b[31m\n");
}

TEST(Render, MakesNamesOfMembersAndListsPrintable) {
  const auto object = parse(R"({"a\u001b\u202e":"x","b":["y\u009b"],"c":[{"d\u0007":1}]})");
  EXPECT_EQ(as_lines(kPlain, object.root()), "a\\x1b\\u202e: x\nb: y\\u009b\nc:\nD\\x07\n1\n");
}

TEST(Render, SetsValuesOfSeveralLinesOff) {
  const auto object = parse(R"({"name":"a\r\nstatus: ISSUED\u001b","status":"REVOKED"})");
  EXPECT_EQ(as_lines(kPlain, object.root()),
            "name:\n  a\n  status: ISSUED\\x1b\nstatus: REVOKED\n");
}

}  // namespace
}  // namespace ccm::cli
