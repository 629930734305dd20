// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "base/error.h"
#include "base/result.h"

namespace ccm {
namespace {

constexpr ErrorKind kAllKinds[] = {
    ErrorKind::transient, ErrorKind::throttled, ErrorKind::pending, ErrorKind::unauthorized,
    ErrorKind::rejected,  ErrorKind::invalid,   ErrorKind::internal};

TEST(Error, EveryKindHasANameThatLeadsBackToIt) {
  for (const ErrorKind kind : kAllKinds) EXPECT_EQ(parse_error_kind(to_string(kind)), kind);
  EXPECT_EQ(parse_error_kind("Transient"), std::nullopt);
  EXPECT_EQ(parse_error_kind(""), std::nullopt);
}

TEST(Error, ContextReadsFromTheOutsideIn) {
  const Error error = Error(ErrorKind::transient, "connection reset")
                          .with_context("export from SCM")
                          .with_context("certificate \"www\"");
  EXPECT_EQ(error.message(), "certificate \"www\": export from SCM: connection reset");
}

TEST(Error, CarriesWhatTheServiceSaid) {
  const Error error = Error(ErrorKind::throttled, "slow down")
                          .with_code("APIGW.0308", "req-1")
                          .with_retry_after(std::chrono::seconds(30))
                          .with_context("list");
  EXPECT_EQ(error.code(), "APIGW.0308");
  EXPECT_EQ(error.request_id(), "req-1");
  EXPECT_EQ(error.retry_after(), std::chrono::seconds(30));
  EXPECT_EQ(error.kind(), ErrorKind::throttled);
}

TEST(Error, OnlyRejectedAndInvalidAreFinal) {
  for (const ErrorKind kind : kAllKinds) {
    const bool is_final = kind == ErrorKind::rejected || kind == ErrorKind::invalid;
    EXPECT_EQ(Error(kind, "x").is_retryable(), !is_final) << to_string(kind);
  }
}

TEST(Error, AFullDiskMayPassAndAMissingPermissionDoesNot) {
  EXPECT_EQ(system_error("write f", ENOSPC).kind(), ErrorKind::transient);
  EXPECT_EQ(system_error("write f", EDQUOT).kind(), ErrorKind::transient);
  EXPECT_EQ(system_error("write f", EACCES).kind(), ErrorKind::internal);
  EXPECT_EQ(system_error("write f", ENOSPC).message(), "write f: No space left on device");
}

TEST(Result, PassesFailuresOnWithContext) {
  Result<int> inner = fail(ErrorKind::rejected, "no such certificate");
  Result<std::string> outer = fail_with(std::move(inner), "show");
  ASSERT_FALSE(outer);
  EXPECT_EQ(outer.error().message(), "show: no such certificate");
  EXPECT_EQ(outer.error().kind(), ErrorKind::rejected);
  Result<void> last = pass(std::move(outer));
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().message(), "show: no such certificate");
}

}  // namespace
}  // namespace ccm
