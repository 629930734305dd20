// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/etcd/etcd_errors.h"

namespace ccm::fleet {
namespace {

using ::testing::HasSubstr;

// As etcd 3.4.23 sent them.
TEST(EtcdErrors, ReadsAllFourForms) {
  const Error object = judge_etcd_answer(
      400,
      R"({"error":"etcdserver: user name is empty","message":"etcdserver: user name is empty","code":3})");
  EXPECT_EQ(object.kind(), ErrorKind::unauthorized);
  EXPECT_THAT(object.message(), HasSubstr("wants a user and a password"));
  const Error short_form =
      judge_etcd_answer(401, R"({"error":"etcdserver: invalid auth token","code":16})");
  EXPECT_EQ(short_form.kind(), ErrorKind::unauthorized);
  EXPECT_EQ(short_form.code(), kTokenWanted);
  const Error stream = judge_etcd_answer(
      0, R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader"}})");
  EXPECT_EQ(stream.kind(), ErrorKind::transient);
  EXPECT_THAT(stream.message(), HasSubstr("no leader"));
  const Error plain = judge_etcd_answer(404, "404 page not found\n");
  EXPECT_EQ(plain.kind(), ErrorKind::invalid);
  EXPECT_THAT(plain.message(), HasSubstr("404 page not found"));
}

TEST(EtcdErrors, KnowsWhatAnotherMemberCouldDo) {
  const auto kind_of = [](int status, int code) {
    return judge_etcd_answer(status, R"({"message":"x","code":)" + std::to_string(code) + "}")
        .kind();
  };
  EXPECT_EQ(kind_of(503, 14), ErrorKind::transient);
  EXPECT_EQ(kind_of(504, 4), ErrorKind::transient);
  EXPECT_EQ(kind_of(500, 2), ErrorKind::transient);
  EXPECT_EQ(kind_of(403, 7), ErrorKind::rejected);
  EXPECT_EQ(kind_of(400, 3), ErrorKind::internal);
  EXPECT_EQ(judge_etcd_answer(502, "<html>").kind(), ErrorKind::transient);
}

// Whatever a new log-in cures. The client logs in anew when it is told of one of these.
TEST(EtcdErrors, KnowsWhatANewLogInCures) {
  const Error old = judge_etcd_answer(
      400,
      R"({"error":"etcdserver: revision of auth store is old","message":"etcdserver: revision of auth store is old","code":3})");
  EXPECT_EQ(old.kind(), ErrorKind::unauthorized);
  EXPECT_THAT(old.message(), HasSubstr("have changed since the log-in"));
}

TEST(EtcdErrors, SaysWhatToDo) {
  EXPECT_THAT(
      judge_etcd_answer(503, R"({"message":"etcdserver: mvcc: database space exceeded","code":8})")
          .message(),
      HasSubstr("defragment"));
  EXPECT_THAT(
      judge_etcd_answer(403, R"({"message":"etcdserver: permission denied","code":7})").message(),
      HasSubstr("role"));
}

TEST(EtcdErrors, QuotesOneShortLine) {
  const Error error = judge_etcd_answer(500, std::string(5000, 'x') + "\x1b[2J\n");
  EXPECT_LT(error.message().size(), 400U);
  EXPECT_EQ(judge_etcd_answer(500, "a\nb").message().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace ccm::fleet
