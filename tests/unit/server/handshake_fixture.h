// SPDX-License-Identifier: Apache-2.0
// Handshakes in memory between a client and a server that shows what was published.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/certificate/certificate.h"
#include "publication/writer.h"
#include "server/tls/handshake.h"
#include "support/memory_log.h"
#include "support/test_ocsp.h"

namespace ccm::server {

using Context = Handle<SSL_CTX, SSL_CTX_free>;
using Connection = Handle<SSL, SSL_free>;

// What a client was shown.
struct Shown {
  bool succeeded = false;
  std::string fingerprint;
  std::size_t chain = 0;
  std::string ocsp_response;
};

inline Connection connect_to_nobody(const Context& context, bool is_server) {
  Connection ssl(SSL_new(context.get()));
  if (is_server) {
    SSL_set_accept_state(ssl.get());
  } else {
    SSL_set_connect_state(ssl.get());
  }
  return ssl;
}

inline Shown look_at(SSL* client) {
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
  Handshake() {
    SSL_CTX_set_verify(client_.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_tlsext_status_type(client_.get(), TLSEXT_STATUSTYPE_ocsp);
  }

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

}  // namespace ccm::server
