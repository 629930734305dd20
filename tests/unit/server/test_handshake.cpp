// SPDX-License-Identifier: Apache-2.0
// Real handshakes in memory, by one thread and by many while the certificate changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "crypto/certificate.h"
#include "publication/writer.h"
#include "server/handshake.h"
#include "support/memory_log.h"
#include "support/test_ocsp.h"

namespace ccm::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Context = Handle<SSL_CTX, SSL_CTX_free>;
using Connection = Handle<SSL, SSL_free>;

// What a client was shown.
struct Shown {
  bool succeeded = false;
  std::string fingerprint;
  std::size_t chain = 0;
  std::string ocsp_response;
};

Connection connect_to_nobody(const Context& context, bool is_server) {
  Connection ssl(SSL_new(context.get()));
  if (is_server) {
    SSL_set_accept_state(ssl.get());
  } else {
    SSL_set_connect_state(ssl.get());
    SSL_set_tlsext_status_type(ssl.get(), TLSEXT_STATUSTYPE_ocsp);
  }
  return ssl;
}

Shown look_at(SSL* client) {
  const Handle<X509, X509_free> leaf(SSL_get1_peer_certificate(client));
  if (!leaf) return {};
  unsigned char* der = nullptr;
  const int length = i2d_X509(leaf.get(), &der);
  const auto certificate = crypto::Certificate::parse_der(
      {reinterpret_cast<const std::byte*>(der), static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  const unsigned char* response = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(client, &response);
  return {.succeeded = true,
          .fingerprint = certificate->fingerprint(),
          .chain = static_cast<std::size_t>(sk_X509_num(SSL_get_peer_cert_chain(client))),
          .ocsp_response = size <= 0 ? ""
                                     : std::string(reinterpret_cast<const char*>(response),
                                                   static_cast<std::size_t>(size))};
}

class Handshake : public testing::Test {
 protected:
  Handshake() { SSL_CTX_set_verify(client_.get(), SSL_VERIFY_NONE, nullptr); }

  void make_segment(std::vector<std::string> names) {
    writer_.emplace(*publication::Writer::create(std::move(names)));
    reader_.emplace(*publication::Reader::open(*writer_->open_read_only()));
  }

  LiveCertificate& add(const std::string& name) {
    live_.push_back(std::make_unique<LiveCertificate>(name, live_.size(), log_));
    live_.back()->attach(*reader_);
    return *live_.back();
  }

  // The fingerprint of what is shown from now on.
  std::string publish(const std::string& name, const std::string& key_kind = "P-256",
                      bool is_placeholder = false) {
    auto leaf = test::make_test_leaf(issuer_, {.names = {"www.example.com"}, .key_kind = key_kind});
    publication::Published published{
        .bundle = *crypto::Bundle::make({leaf.certificate, issuer_.certificate}, leaf.key),
        .ocsp_response = {},
        .is_placeholder = is_placeholder};
    EXPECT_TRUE(writer_->publish(name, published));
    return leaf.certificate.fingerprint();
  }
  // A certificate with an OCSP response that ends then; the response.
  std::string publish_stapled(const std::string& name, Time end) {
    auto leaf = test::make_test_leaf(issuer_, {.names = {"www.example.com"}});
    const publication::Published published{
        .bundle = *crypto::Bundle::make({leaf.certificate, issuer_.certificate}, leaf.key),
        .ocsp_response = make_test_response(leaf.certificate, issuer_, {.next_update = end})};
    EXPECT_TRUE(writer_->publish(name, published));
    return test::text_of(published.ocsp_response);
  }

  Shown shake(const Context& client_context, const Context& server_context) const {
    const Connection client = connect_to_nobody(client_context, false);
    const Connection server = connect_to_nobody(server_context, true);
    BIO* one = nullptr;
    BIO* other = nullptr;
    BIO_new_bio_pair(&one, 0, &other, 0);
    SSL_set_bio(client.get(), one, one);
    SSL_set_bio(server.get(), other, other);
    for (int turn = 0; turn < 10; ++turn) {
      const int client_done = SSL_do_handshake(client.get());
      const int server_done = SSL_do_handshake(server.get());
      if (client_done == 1 && server_done == 1) return look_at(client.get());
    }
    ERR_clear_error();
    return {};
  }
  Shown shake() const { return shake(client_, server_); }

  test::MemoryLog log_;
  test::TestAuthority issuer_ = test::make_test_intermediate(test::make_test_root());
  Context client_{SSL_CTX_new(TLS_client_method())};
  Context server_{SSL_CTX_new(TLS_server_method())};
  std::optional<publication::Writer> writer_;
  std::optional<publication::Reader> reader_;
  std::vector<std::unique_ptr<LiveCertificate>> live_;
};

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

// Whoever would have published the next one may be gone.
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
