// SPDX-License-Identifier: Apache-2.0
// Handshakes while a version is tried out: who is shown what, and what is counted.
#include "handshake_fixture.h"
#include "server/tls/canary_mark.h"

namespace ccm::server {
namespace {

using publication::CanaryBoard;

class CanaryHandshake : public Handshake {
 protected:
  void SetUp() override {
    make_segment({"www", publication::canary_slot("www")});
    ASSERT_TRUE(rows_.attach(kept_, 1, 2));
    rows_.enter();
    LiveCertificate& certificate = add("www");
    CanaryMark::prepare();
    certificate.try_out(7, kPercent, *board_.lanes("www"));
    set_.emplace(std::vector<LiveCertificate*>{&certificate}, log_);
    set_->count_in(rows_);
    set_->install(server_.get());
    old_ = publish("www");
  }
  CanaryTally counts() const { return board_.read("www"); }
  // How many of so many handshakes were shown the candidate.
  int shake_often(int times) const {
    int shown = 0;
    for (int i = 0; i < times; ++i) {
      const Shown seen = shake();
      EXPECT_TRUE(seen.succeeded);
      shown += seen.fingerprint == new_ ? 1 : 0;
    }
    return shown;
  }
  void begin() { new_ = publish(publication::canary_slot("www")); }

  static constexpr unsigned kPercent = 30;
  FileDescriptor file_ = CanaryBoard::create({"www"}).value();
  CanaryBoard board_ = CanaryBoard::open(file_.get(), CanaryBoard::Access::count).value();
  WorkerRows::Kept kept_;
  WorkerRows rows_;
  std::optional<CertificateSet> set_;
  std::string old_;
  std::string new_ = "none";
};

TEST_F(CanaryHandshake, WithoutOneNothingIsCounted) {
  EXPECT_EQ(shake_often(5), 0);
  EXPECT_EQ(counts(), CanaryTally());
}

TEST_F(CanaryHandshake, AShareIsShownTheNewVersion) {
  begin();
  // 60 of 200 are expected, with a standard deviation of 6.5.
  const int shown = shake_often(200);
  EXPECT_GT(shown, 60 - 5 * 7);
  EXPECT_LT(shown, 60 + 5 * 7);
  EXPECT_EQ(counts().candidate.shown(), static_cast<std::uint64_t>(shown));
  EXPECT_EQ(counts().current.shown(), static_cast<std::uint64_t>(200 - shown));
  EXPECT_EQ(counts().candidate.failed(), 0U);
  EXPECT_EQ(counts().current.failed(), 0U);
}

TEST_F(CanaryHandshake, WhatIsWithdrawnIsShownToNobody) {
  begin();
  shake_often(20);
  ASSERT_TRUE(writer_->withdraw(publication::canary_slot("www")));
  const CanaryTally before = counts();
  EXPECT_EQ(shake_often(30), 0);
  EXPECT_EQ(counts(), before);
  EXPECT_EQ(log_.text(), "");
}

TEST_F(CanaryHandshake, AClientThatRefusesItIsCountedWithItsReason) {
  begin();
  SSL_CTX_set_verify(client_.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 0; });
  SSL_CTX_set_cert_verify_callback(
      client_.get(),
      [](X509_STORE_CTX* store, void*) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
        return 0;
      },
      nullptr);
  for (int i = 0; i < 40; ++i) EXPECT_FALSE(shake().succeeded);
  const CanaryTally tally = counts();
  EXPECT_GT(tally.candidate.shown(), 0U);
  EXPECT_EQ(tally.candidate.shown() + tally.current.shown(), 40U);
  EXPECT_EQ(tally.candidate.failed(), tally.candidate.shown());
  EXPECT_EQ(tally.candidate.at(CanaryCount::unknown_ca), tally.candidate.shown());
  EXPECT_EQ(tally.current.failed(), tally.current.shown());
}

TEST_F(CanaryHandshake, ASetOfTwoCountsTheOneThatOpensslTakes) {
  make_segment({"ec", "rsa", publication::canary_slot("rsa")});
  const FileDescriptor file = CanaryBoard::create({"rsa"}).value();
  const CanaryBoard board = CanaryBoard::open(file.get(), CanaryBoard::Access::count).value();
  live_.clear();
  LiveCertificate& ec = add("ec");
  LiveCertificate& rsa = add("rsa");
  rsa.try_out(9, 50, *board.lanes("rsa"));
  CertificateSet both({&ec, &rsa}, log_);
  both.count_in(rows_);
  const Context server(SSL_CTX_new(TLS_server_method()));
  both.install(server.get());
  publish("ec");
  publish("rsa", "RSA-2048");
  publish(publication::canary_slot("rsa"), "RSA-2048");
  const auto shake_with = [&](const char* algorithms, int times) {
    const Context client(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_verify(client.get(), SSL_VERIFY_NONE, nullptr);
    ASSERT_EQ(SSL_CTX_set1_sigalgs_list(client.get(), algorithms), 1);
    for (int i = 0; i < times; ++i) EXPECT_TRUE(shake(client, server).succeeded);
  };
  shake_with("ECDSA+SHA256", 10);
  EXPECT_EQ(board.read("rsa"), CanaryTally());
  shake_with("RSA-PSS+SHA256", 40);
  EXPECT_EQ(board.read("rsa").candidate.shown() + board.read("rsa").current.shown(), 40U);
  EXPECT_GT(board.read("rsa").candidate.shown(), 0U);
  EXPECT_GT(board.read("rsa").current.shown(), 0U);
}

}  // namespace
}  // namespace ccm::server
