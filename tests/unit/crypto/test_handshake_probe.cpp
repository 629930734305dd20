// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <functional>
#include <thread>

#include "crypto/verification/handshake_probe.h"
#include "support/test_ocsp.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using test::kTestNow;
using testing::HasSubstr;
using testing::SizeIs;

using ServerContext = Handle<SSL_CTX, SSL_CTX_free>;
using ServerConnection = Handle<SSL, SSL_free>;

// Listens on loopback; `serve` gets every connection, one at a time, in a thread of its own.
class LocalServer {
 public:
  explicit LocalServer(std::function<void(int)> serve)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket_.get(), 8), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (;;) {
        const FileDescriptor client(accept(socket_.get(), nullptr, nullptr));
        if (!client) return;
        serve(client.get());
      }
    });
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;
  ~LocalServer() {
    shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  NetworkAddress address() const { return {.host = "127.0.0.1", .port = port_}; }

 private:
  FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// A TLS server that has a certificate of each kind of key.
class TlsServer {
 public:
  TlsServer()
      : root_(test::make_test_root()),
        rsa_(test::make_test_leaf(root_, {.names = {"a.example"}, .key_kind = "RSA-2048"})),
        ecdsa_(test::make_test_leaf(root_, {.names = {"a.example"}})),
        context_(SSL_CTX_new(TLS_server_method())),
        server_([this](int client) { serve(client); }) {
    for (const auto* each : {&rsa_, &ecdsa_}) {
      EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), each->certificate.native()), 1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), each->key.native()), 1);
      EXPECT_EQ(SSL_CTX_add1_chain_cert(context_.get(), root_.certificate.native()), 1);
    }
    SSL_CTX_set_tlsext_servername_callback(context_.get(), on_name);
    SSL_CTX_set_tlsext_servername_arg(context_.get(), this);
    SSL_CTX_set_tlsext_status_cb(context_.get(), on_status);
    SSL_CTX_set_tlsext_status_arg(context_.get(), this);
  }
  NetworkAddress address() const { return server_.address(); }
  const Certificate& rsa() const { return rsa_.certificate; }
  const Certificate& ecdsa() const { return ecdsa_.certificate; }
  void only(int version) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
  }

 private:
  void serve(int client) {
    const ServerConnection connection(SSL_new(context_.get()));
    SSL_set_fd(connection.get(), client);
    SSL_accept(connection.get());
    drain_openssl_errors();
  }
  static int on_name(SSL* ssl, int* alert, void*) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr || std::string(name) == "a.example") return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  static int on_status(SSL* ssl, void* self) {
    const auto& server = *static_cast<TlsServer*>(self);
    const auto response = test::make_test_response(server.ecdsa(), server.root_);
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(response.data(), response.size()));
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
  }

  test::TestAuthority root_;
  test::TestCertificate rsa_;
  test::TestCertificate ecdsa_;
  ServerContext context_;
  LocalServer server_;  // the last: its thread uses the others
};

class HandshakeProbeTest : public testing::Test {
 protected:
  // The servers of this test write to clients that have gone.
  HandshakeProbeTest() { std::signal(SIGPIPE, SIG_IGN); }

  Probe look(const NetworkAddress& address, std::optional<KeyAlgorithm> key = {},
             const std::string& name = "a.example", Seconds timeout = Seconds(20)) {
    const auto probe = HandshakeProbe::make(clock_, timeout);
    EXPECT_TRUE(probe);
    return probe->look(address, name, key);
  }

  SystemClock clock_;
};

TEST_F(HandshakeProbeTest, SeesTheCertificateOfEachKindOfKey) {
  TlsServer server;
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    server.only(version);
    const Probe rsa = look(server.address(), KeyAlgorithm::rsa);
    ASSERT_EQ(rsa.outcome, ProbeOutcome::shown) << rsa.problem;
    ASSERT_THAT(rsa.chain, SizeIs(2));
    EXPECT_EQ(rsa.chain.front().fingerprint(), server.rsa().fingerprint());
    EXPECT_EQ(rsa.protocol, version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    const Probe ecdsa = look(server.address(), KeyAlgorithm::ecdsa);
    ASSERT_EQ(ecdsa.outcome, ProbeOutcome::shown) << ecdsa.problem;
    EXPECT_EQ(ecdsa.chain.front().fingerprint(), server.ecdsa().fingerprint());
  }
}

TEST_F(HandshakeProbeTest, SeesWhatIsStapled) {
  const TlsServer server;
  const Probe probe = look(server.address(), KeyAlgorithm::ecdsa);
  ASSERT_THAT(probe.chain, SizeIs(2));
  EXPECT_TRUE(judge_ocsp_response(probe.ocsp_response, probe.chain[0], probe.chain[1], kTestNow));
}

TEST_F(HandshakeProbeTest, AsksForTheName) {
  const TlsServer server;
  const Probe other = look(server.address(), {}, "b.example");
  EXPECT_EQ(other.outcome, ProbeOutcome::refused);
  EXPECT_THAT(other.problem, HasSubstr("unrecognized name"));
  EXPECT_EQ(look(server.address(), {}, "").outcome, ProbeOutcome::shown);
  EXPECT_EQ(look(server.address(), {}, "127.0.0.1").outcome, ProbeOutcome::shown);
}

TEST_F(HandshakeProbeTest, TellsWhoDoesNotSpeakTls) {
  const LocalServer plain([](int client) {
    constexpr std::string_view kText = "HTTP/1.1 400 Bad Request\r\n\r\n";
    send(client, kText.data(), kText.size(), MSG_NOSIGNAL);
  });
  EXPECT_EQ(look(plain.address()).outcome, ProbeOutcome::no_tls);
  const LocalServer closing([](int) {});
  EXPECT_EQ(look(closing.address()).outcome, ProbeOutcome::no_tls);
}

TEST_F(HandshakeProbeTest, DoesNotWaitForEver) {
  // Nobody accepts from it.
  FileDescriptor listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in bound{};
  bound.sin_family = AF_INET;
  bound.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listening.get(), reinterpret_cast<const sockaddr*>(&bound), sizeof bound), 0);
  ASSERT_EQ(listen(listening.get(), 1), 0);
  socklen_t size = sizeof bound;
  ASSERT_EQ(getsockname(listening.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
  const NetworkAddress address{.host = "127.0.0.1", .port = ntohs(bound.sin_port)};
  const Probe probe = look(address, {}, "a.example", Seconds(1));
  EXPECT_EQ(probe.outcome, ProbeOutcome::silent);
  listening.reset();
  const Probe closed = look(address);
  EXPECT_EQ(closed.outcome, ProbeOutcome::unreachable);
  EXPECT_EQ(closed.problem, "Connection refused");
  EXPECT_EQ(look({.host = "nonsense", .port = 1}).outcome, ProbeOutcome::unreachable);
}

TEST(NetworkAddress, HasBracketsInVersionSix) {
  EXPECT_EQ(to_string(NetworkAddress{.host = "::1", .port = 443}), "[::1]:443");
  EXPECT_EQ(to_string(NetworkAddress{.host = "127.0.0.1", .port = 443}), "127.0.0.1:443");
}

}  // namespace
}  // namespace ccm::crypto
