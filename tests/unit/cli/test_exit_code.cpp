// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/output/exit_code.h"

namespace ccm::cli {
namespace {

Error with_code(ErrorKind kind, const char* code) {
  return Error(kind, "m").with_code(code, "");
}

TEST(ExitCode, FollowsWhatCanBeDoneAboutTheError) {
  EXPECT_EQ(exit_code_of(Error(ErrorKind::transient, "m")), ExitCode::unreachable);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::throttled, "m")), ExitCode::unreachable);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::pending, "m")), ExitCode::pending);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::unauthorized, "m")), ExitCode::refused);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::rejected, "m")), ExitCode::refused);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::invalid, "m")), ExitCode::usage);
  EXPECT_EQ(exit_code_of(Error(ErrorKind::internal, "m")), ExitCode::failed);
}

TEST(ExitCode, KnowsTheCodesForWhatIsNotThere) {
  for (const char* code : {"PCA.00030102", "PCA.10010002", "SCM.0020", "SCM.0707", "APIG.3030"}) {
    EXPECT_EQ(exit_code_of(with_code(ErrorKind::rejected, code)), ExitCode::not_found) << code;
  }
  EXPECT_EQ(exit_code_of(with_code(ErrorKind::rejected, "PCA.00030201")), ExitCode::refused);
  EXPECT_EQ(exit_code_of(with_code(ErrorKind::rejected, "APIGW.0101")), ExitCode::refused)
      << "the endpoint is wrong, not the id";
}

TEST(ExitCode, IsListedOnceEachInOrder) {
  int expected = 0;
  for (const auto& [code, meaning] : exit_codes()) {
    EXPECT_EQ(static_cast<int>(code), expected++);
    EXPECT_FALSE(meaning.empty());
  }
  EXPECT_EQ(expected, 8);
}

}  // namespace
}  // namespace ccm::cli
