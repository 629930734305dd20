// SPDX-License-Identifier: Apache-2.0
// Real handshakes in memory, by one thread and by many while the certificate changes.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "handshake_fixture.h"

namespace ccm::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(Handshake, ShowsTheNewestCertificateWithItsChain) {
  make_segment({"www"});
  CertificateSet set({&add("www")}, log_);
  set.install(server_.get());
  for (int renewal = 0; renewal < 3; ++renewal) {
    const std::string published = publish("www");
    const Shown shown = shake();
    EXPECT_EQ(shown.fingerprint, published);
    EXPECT_EQ(shown.chain, 2U);
  }
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(Handshake, ReplacesWhatWasLoadedIntoTheContext) {
  make_segment({"www"});
  CertificateSet set({&add("www")}, log_);
  const auto loaded =
      test::make_test_leaf(issuer_, {.names = {"x.example"}, .key_kind = "RSA-2048"});
  ASSERT_EQ(SSL_CTX_use_cert_and_key(server_.get(), loaded.certificate.native(),
                                     loaded.key.native(), nullptr, 1),
            1);
  set.install(server_.get());
  const std::string published = publish("www");
  SSL_CTX_set_max_proto_version(client_.get(), TLS1_2_VERSION);
  EXPECT_EQ(shake().fingerprint, published);
  // A client that can do only what the loaded certificate could gets nothing.
  ASSERT_EQ(SSL_CTX_set_cipher_list(client_.get(), "ECDHE-RSA-AES128-GCM-SHA256"), 1);
  EXPECT_FALSE(shake().succeeded);
}

TEST_F(Handshake, RefusesWhenNothingWasPublished) {
  make_segment({"www"});
  CertificateSet set({&add("www")}, log_);
  set.install(server_.get());
  EXPECT_FALSE(shake().succeeded);
}

TEST_F(Handshake, ShowsNoPlaceholderBesideARealCertificate) {
  make_segment({"ec", "rsa"});
  CertificateSet set({&add("ec"), &add("rsa")}, log_);
  set.install(server_.get());
  const std::string placeholder = publish("ec", "P-256", true);
  EXPECT_EQ(shake().fingerprint, placeholder);
  const std::string real = publish("rsa", "RSA-2048");
  EXPECT_EQ(shake().fingerprint, real);
}

TEST_F(Handshake, ChoosesByTheKeyThatTheClientCanUse) {
  make_segment({"ec", "rsa"});
  CertificateSet set({&add("ec"), &add("rsa")}, log_);
  set.install(server_.get());
  const std::string elliptic = publish("ec");
  const std::string rsa = publish("rsa", "RSA-2048");
  SSL_CTX_set_max_proto_version(client_.get(), TLS1_2_VERSION);
  ASSERT_EQ(SSL_CTX_set_cipher_list(client_.get(), "ECDHE-RSA-AES128-GCM-SHA256"), 1);
  EXPECT_EQ(shake().fingerprint, rsa);
  ASSERT_EQ(SSL_CTX_set_cipher_list(client_.get(), "ECDHE-ECDSA-AES128-GCM-SHA256"), 1);
  EXPECT_EQ(shake().fingerprint, elliptic);
}

TEST_F(Handshake, StaplesTheResponseOfTheChosenCertificate) {
  make_segment({"www"});
  CertificateSet set({&add("www")}, log_);
  set.install(server_.get());
  publish("www");
  EXPECT_EQ(shake().ocsp_response, "");
  const std::string response = publish_stapled("www", SystemClock().now() + Seconds(3600));
  EXPECT_EQ(shake().ocsp_response, response);
}

// The agent that should have published the next response may be dead.
TEST_F(Handshake, StaplesNoResponseThatHasEnded) {
  make_segment({"www"});
  CertificateSet set({&add("www")}, log_);
  set.install(server_.get());
  publish_stapled("www", SystemClock().now());
  EXPECT_TRUE(shake().succeeded);
  EXPECT_EQ(shake().ocsp_response, "");
}

TEST_F(Handshake, SaysOnceWhatOpenSslRefuses) {
  make_segment({"www"});
  CertificateSet set({&add("www")}, log_);
  set.install(server_.get());
  SSL_CTX_set_security_level(server_.get(), 3);
  publish("www", "RSA-2048");
  EXPECT_FALSE(shake().succeeded);
  EXPECT_FALSE(shake().succeeded);
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("certificate \"www\": OpenSSL refuses it")));
}

int& events_of_the_server() {
  static int events = 0;
  return events;
}

// The web server has a callback of its own in the context.
TEST_F(Handshake, TheServersOwnCallbackGoesOnBeingToldOnce) {
  make_segment({"www"});
  CertificateSet set({&add("www")}, log_);
  publish("www");
  WorkerRows::Kept kept;
  WorkerRows rows;
  ASSERT_TRUE(rows.attach(kept, 1, 1));
  rows.enter();
  set.count_in(rows);
  SSL_CTX_set_info_callback(server_.get(), [](const SSL*, int where, int) {
    events_of_the_server() += (where & SSL_CB_HANDSHAKE_DONE) != 0 ? 1 : 0;
  });
  events_of_the_server() = 0;
  set.install(server_.get());
  set.install(server_.get());
  EXPECT_TRUE(shake().succeeded);
  EXPECT_EQ(events_of_the_server(), 1);
  EXPECT_EQ(rows.sums()[static_cast<std::size_t>(Count::full)], 1U);
}

TEST_F(Handshake, AConfigurationDoesNotSeeWhatAnOtherOneHeldInItsPlace) {
  make_segment({"www"});
  {
    LiveCertificate first("www", 0, log_);
    first.attach(*reader_);
    publish("www");
    EXPECT_NE(first.newest(), nullptr);
  }
  LiveCertificate second("other", 0, log_);
  EXPECT_EQ(second.newest(), nullptr);
  EXPECT_EQ(second.held(), nullptr);
}

// Threads of one worker shake hands while certificates are swapped: each sees one of those that
// were published, never an older one than before, and soon the last one. (Not at once: while one
// thread parses a new value the others go on with the one before.)
TEST_F(Handshake, ManyThreadsSeeEverySwapInOrder) {
  constexpr int kSwaps = 12;
  constexpr int kThreads = 4;
  constexpr int kMostHandshakes = 100'000;
  make_segment({"www"});
  CertificateSet set({&add("www")}, log_);
  set.install(server_.get());

  std::mutex mutex;
  std::vector<std::string> published{publish("www")};
  std::atomic<int> good{0};
  const auto look_until_the_last = [&] {
    std::ptrdiff_t newest = 0;
    for (int handshakes = 0; newest < kSwaps && handshakes < kMostHandshakes; ++handshakes) {
      const Shown shown = shake();
      const std::scoped_lock lock(mutex);
      const auto found = std::find(published.begin(), published.end(), shown.fingerprint);
      if (found == published.end() || found - published.begin() < newest) return;
      newest = found - published.begin();
    }
    if (newest == kSwaps) ++good;
  };
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) threads.emplace_back(look_until_the_last);
  for (int swap = 0; swap < kSwaps; ++swap) {
    // What can be seen must be known.
    const std::scoped_lock lock(mutex);
    published.push_back(publish("www"));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads);
  EXPECT_THAT(log_.lines(), IsEmpty());
}

}  // namespace
}  // namespace ccm::server
