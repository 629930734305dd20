// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jansson.h>

#include <algorithm>

#include "cloud/reply/errors.h"
#include "support/folders.h"
#include "support/scripted_http.h"
#include "support/temp_directory.h"
#include "test_values.h"

namespace ccm::cloud {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

Verdict judge(int status, std::string_view body, Headers headers = {},
              std::string_view action = {}) {
  return judge_failure(test::ScriptedHttp::make(status, body, std::move(headers)),
                       {.host = "scm.example.com", .iam_action = action, .now = kNow});
}

std::string service_body(std::string_view code, std::string_view message) {
  return fmt::format(R"({{"error_code":"{}","error_msg":"{}"}})", code, message);
}

struct Listed {
  int status;
  std::string code;
  std::string message;
  std::string advice;
  std::string action;
};

void collect_codes(const json_t* list, std::vector<Listed>& into) {
  const auto text = [](const json_t* entry, const char* key) {
    const char* value = json_string_value(json_object_get(entry, key));
    return std::string(value == nullptr ? "" : value);
  };
  for (std::size_t i = 0; i < json_array_size(list); ++i) {
    const json_t* entry = json_array_get(list, i);
    into.push_back({static_cast<int>(json_integer_value(json_object_get(entry, "status"))),
                    text(entry, "code"), text(entry, "message"), text(entry, "advice"),
                    text(entry, "action")});
  }
}

std::vector<Listed> every_listed_code() {
  const std::string text =
      test::read_whole_file(test::in_source_tree("tests/data/ccm-api/errors.json"));
  const Json document(json_loads(text.c_str(), 0, nullptr));
  std::vector<Listed> all;
  for (const auto* list : {"scm", "pca", "not_in_the_tables", "apig_seed_003"}) {
    collect_codes(json_object_get(document.get(), list), all);
  }
  collect_codes(json_object_get(json_object_get(document.get(), "gateway"), "codes"), all);
  return all;
}

// The documented action of a code allows these kinds; written down apart from the generator's
// rules.
std::vector<ErrorKind> allowed_kinds(const Listed& listed) {
  if (listed.action.starts_with("server")) return {ErrorKind::transient};
  if (listed.action.starts_with("credentials"))
    return {ErrorKind::unauthorized, ErrorKind::rejected};
  if (!listed.action.empty()) return {ErrorKind::rejected};
  if (listed.status == 401) return {ErrorKind::unauthorized};
  if (listed.status == 429) return {ErrorKind::throttled};
  if (listed.status >= 500) return {ErrorKind::transient};
  return {ErrorKind::rejected};
}

TEST(ErrorTable, CoversEveryListedCodeAndAgreesWithIt) {
  const auto all = every_listed_code();
  ASSERT_GE(all.size(), 131U + 34U + 3U + 9U + 5U);
  for (const auto& listed : all) {
    SCOPED_TRACE(fmt::format("{} {}", listed.status, listed.code));
    const ErrorEntry* entry = find_error_entry(listed.status, listed.code);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->code, listed.code);
    EXPECT_EQ(entry->status, listed.status);
    EXPECT_THAT(allowed_kinds(listed), testing::Contains(kind_of(entry->decision)));
    if (listed.advice.empty()) continue;
    const bool is_for_support = listed.advice.starts_with("not fixable by the caller");
    EXPECT_EQ(entry->advice,
              is_for_support ? "ask the cloud's " + listed.advice.substr(27) : listed.advice);
  }
}

TEST(ErrorTable, HasNothingElseAndIsSorted) {
  const auto all = every_listed_code();
  for (const auto& entry : error_table()) {
    const bool is_listed = std::any_of(all.begin(), all.end(), [&](const Listed& listed) {
      return listed.code == entry.code && listed.status == entry.status;
    });
    EXPECT_TRUE(is_listed || entry.code == "APIG.0308") << entry.code;
  }
  EXPECT_TRUE(std::is_sorted(error_table().begin(), error_table().end(),
                             [](const ErrorEntry& a, const ErrorEntry& b) {
                               return std::tie(a.code, a.status) < std::tie(b.code, b.status);
                             }));
}

TEST(Judge, EveryListedCodeBecomesOneReadableSentence) {
  for (const auto& listed : every_listed_code()) {
    SCOPED_TRACE(listed.code);
    const auto verdict = judge(listed.status, service_body(listed.code, "text of the service"),
                               {{"X-Request-Id", "req-1"}});
    EXPECT_EQ(verdict.error.code(), listed.code);
    EXPECT_EQ(verdict.error.request_id(), "req-1");
    const std::string& message = verdict.error.message();
    EXPECT_THAT(message, HasSubstr(listed.code));
    EXPECT_THAT(message, HasSubstr("text of the service"));
    EXPECT_THAT(message, HasSubstr("req-1"));
    EXPECT_EQ(message.find('\n'), std::string::npos);
    const auto* entry = find_error_entry(listed.status, listed.code);
    EXPECT_THAT(message, HasSubstr(std::string(entry->advice)));
    EXPECT_EQ(verdict.decision, entry->decision);
  }
}

TEST(Judge, TheFewCodesThatWantMoreThanTheirStatusSays) {
  const auto decision = [](int status, std::string_view code) {
    return judge(status, service_body(code, "x")).decision;
  };
  EXPECT_EQ(decision(401, "SCM.1000"), Decision::new_token);
  EXPECT_EQ(decision(401, "PCA.00010001"), Decision::new_token);
  EXPECT_EQ(decision(401, "APIGW.0307"), Decision::new_token);
  EXPECT_EQ(decision(401, "APIGW.0301"), Decision::bad_credentials);
  EXPECT_EQ(decision(401, "APIGW.0303"), Decision::bad_credentials);
  EXPECT_EQ(decision(401, "SCM.4002"), Decision::alert);
  EXPECT_EQ(decision(401, "PCA.00010004"), Decision::alert);
  EXPECT_EQ(decision(401, "SCM.1010"), Decision::alert);
  EXPECT_EQ(decision(403, "PCA.00030001"), Decision::alert);
  EXPECT_EQ(decision(404, "PCA.00030102"), Decision::never);
  EXPECT_EQ(decision(400, "PCA.10010002"), Decision::never);
  EXPECT_EQ(decision(500, "SCM.0100"), Decision::retry);
  EXPECT_EQ(decision(429, "APIGW.0308"), Decision::slow_down);
}

TEST(Judge, UnknownCodesAreDecidedByStatus) {
  const std::pair<int, ErrorKind> expected[] = {
      {400, ErrorKind::rejected},  {401, ErrorKind::unauthorized}, {403, ErrorKind::rejected},
      {404, ErrorKind::rejected},  {408, ErrorKind::transient},    {409, ErrorKind::rejected},
      {418, ErrorKind::rejected},  {429, ErrorKind::throttled},    {500, ErrorKind::transient},
      {502, ErrorKind::transient}, {503, ErrorKind::transient},    {504, ErrorKind::transient},
      {302, ErrorKind::rejected},  {599, ErrorKind::transient}};
  for (const auto& [status, kind] : expected) {
    EXPECT_EQ(judge(status, service_body("NEW.0001", "x")).error.kind(), kind) << status;
    EXPECT_EQ(judge(status, "<html>bad gateway</html>").error.kind(), kind) << status;
    EXPECT_EQ(judge(status, "").error.kind(), kind) << status;
  }
}

TEST(Judge, ReadsEveryShapeOfErrorBody) {
  const auto code_and_text = [](std::string_view body) {
    const auto verdict = judge(400, body);
    EXPECT_THAT(verdict.error.message(), HasSubstr("why"));
    return verdict.error.code();
  };
  EXPECT_EQ(code_and_text(R"({"error_code":"SCM.0005","error_msg":"why"})"), "SCM.0005");
  EXPECT_EQ(code_and_text(R"({"errorCode":"SCM.0005","errorMsg":"why"})"), "SCM.0005");
  EXPECT_EQ(code_and_text(R"({"code":"SCM.0005","message":"why"})"), "SCM.0005");
  EXPECT_EQ(code_and_text(R"({"x":1,"e":{"f":{"error_code":"SCM.0005","error_msg":"why"}}})"),
            "SCM.0005");
  EXPECT_EQ(code_and_text(R"({"error":{"message":"why","title":"Bad Request"}})"), "");
  EXPECT_EQ(code_and_text(R"({"error":{"message":"why","code":400,"title":"Bad"}})"), "400");
  EXPECT_EQ(code_and_text("why"), "");
}

TEST(Judge, RequestIdComesFromHeaderOrBody) {
  EXPECT_EQ(judge(400, "{}", {{"x-request-id", "a"}}).error.request_id(), "a");
  EXPECT_EQ(judge(401, "{}", {{"X-IAM-Trace-Id", "b"}}).error.request_id(), "b");
  EXPECT_EQ(judge(429, R"({"error_code":"APIGW.0308","request_id":"c"})").error.request_id(), "c");
  EXPECT_EQ(judge(400, "{}", {{"X-Request-Id", "a\tb<script>"}}).error.request_id(), "abscript");
}

TEST(Judge, WaitsAsLongAsToldAndNoLonger) {
  const auto wait = [](int status, std::string_view text, Headers headers = {}) {
    return judge(status, service_body("", text), std::move(headers)).error.retry_after();
  };
  EXPECT_EQ(wait(429, "x", {{"Retry-After", "17"}}), 17s);
  EXPECT_EQ(wait(503, "x", {{"Retry-After", "17"}}), 17s);
  EXPECT_EQ(wait(429, "x", {{"Retry-After", "Sun, 10 May 2026 18:43:00 GMT"}}), 60s - 0s);
  EXPECT_EQ(wait(429, "x", {{"Retry-After", "Sun, 10 May 2020 18:43:00 GMT"}}), 1s);
  EXPECT_EQ(wait(429, "x", {{"Retry-After", "99999999999999999999"}}), std::nullopt);
  EXPECT_EQ(wait(429, "x", {{"Retry-After", "999999999"}}), 24h);
  EXPECT_EQ(wait(429, "x", {{"Retry-After", "soon"}}), std::nullopt);
  EXPECT_EQ(wait(429, "policy user over ratelimit,limit:200,time:60 second"), 60s);
  EXPECT_EQ(wait(429, "policy user over ratelimit,limit:200,time:1 minute"), 60s);
  EXPECT_EQ(wait(429, "over ratelimit,limit:2,time:3 hour"), 3h);
  EXPECT_EQ(wait(429, "over ratelimit"), std::nullopt);
  EXPECT_EQ(wait(400, "time:60 second", {{"Retry-After", "17"}}), std::nullopt);
}

TEST(Judge, MissingPermissionNamesTheActionToGrant) {
  const auto message = [](int status, std::string_view code) {
    return judge(status, service_body(code, "x"), {}, "scm:cert:list").error.message();
  };
  EXPECT_THAT(message(401, "SCM.4002"), HasSubstr("scm:cert:list"));
  EXPECT_THAT(message(401, "PCA.00010004"), HasSubstr("scm:cert:list"));
  EXPECT_THAT(message(403, "NEW.1"), HasSubstr("scm:cert:list"));
  EXPECT_THAT(message(404, "SCM.0094"), Not(HasSubstr("scm:cert:list")));
  EXPECT_THAT(message(403, "PCA.00030001"), Not(HasSubstr("scm:cert:list"))) << "a quota";
}

TEST(Judge, QuotesTheServicePrintableShortAndWithoutSecrets) {
  const std::string echo =
      "verify aksk signature fail, canonicalRequest:GET|/v3/|x-security-token:TOPSECRET";
  EXPECT_THAT(judge(401, service_body("APIGW.0301", echo)).error.message(),
              testing::AllOf(HasSubstr("signature fail"), Not(HasSubstr("TOPSECRET"))));
  const std::string token(3000, 'T');
  EXPECT_LT(judge(401, service_body("X", "bad token " + token)).error.message().size(), 300U);
  EXPECT_THAT(judge(400, R"({"error_code":"X","error_msg":"a\nb\u001b[31m"})").error.message(),
              testing::AllOf(Not(HasSubstr("\n")), Not(HasSubstr("\x1b"))));
  std::string words;
  for (int i = 0; i < 500; ++i) words += "多 ";
  const auto shortened = judge(400, words).error.message();
  EXPECT_LT(shortened.size(), 500U);
  const auto ellipsis = shortened.find("…");
  ASSERT_NE(ellipsis, std::string::npos);
  EXPECT_THAT(shortened.substr(0, ellipsis),
              testing::AnyOf(testing::EndsWith("多"), testing::EndsWith(" ")));
}

TEST(Judge, AServiceThatRefusesTheContentKnewTheCaller) {
  EXPECT_TRUE(judge(400, service_body("SCM.0005", "x")).proves_identity);
  EXPECT_TRUE(judge(401, service_body("SCM.4002", "x")).proves_identity);
  EXPECT_FALSE(judge(401, service_body("SCM.1000", "x")).proves_identity);
  EXPECT_FALSE(judge(404, service_body("APIGW.0101", "x")).proves_identity);
  EXPECT_FALSE(judge(500, service_body("SCM.0100", "x")).proves_identity);
}

}  // namespace
}  // namespace ccm::cloud
