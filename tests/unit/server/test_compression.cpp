// SPDX-License-Identifier: Apache-2.0
// Compressed certificates (RFC 8879) in real handshakes. Most of it needs OpenSSL 3.2.
#include "handshake_fixture.h"
#include "server/tls/compression.h"

namespace ccm::server {
namespace {

using testing::IsEmpty;

// Whether the client of a context was sent a compressed certificate (RFC 8879, 4); set by its next
// handshake.
class CompressionWatch {
 public:
  explicit CompressionWatch(SSL_CTX* client) {
    SSL_CTX_set_msg_callback(client, on_message);
    SSL_CTX_set_msg_callback_arg(client, this);
  }
  bool was_compressed() const { return was_compressed_; }

 private:
  static void on_message(int is_sent, int, int content_type, const void* message, std::size_t size,
                         SSL*, void* self) {
    constexpr unsigned char kCertificate = 11;
    constexpr unsigned char kCompressedCertificate = 25;
    if (is_sent != 0 || content_type != SSL3_RT_HANDSHAKE || size == 0) return;
    const unsigned char kind = *static_cast<const unsigned char*>(message);
    auto& was = static_cast<CompressionWatch*>(self)->was_compressed_;
    if (kind == kCertificate || kind == kCompressedCertificate) {
      was = kind == kCompressedCertificate;
    }
  }

  bool was_compressed_ = false;
};

class Compressed : public Handshake {
 protected:
  void SetUp() override {
    if (!can_compress_certificates()) GTEST_SKIP() << "this OpenSSL compresses no certificates";
    make_segment({"ec", "rsa"});
    set_.emplace(std::vector{&add("ec"), &add("rsa")}, log_);
    // As nginx makes its contexts.
    SSL_CTX_set_options(server_.get(), no_compression_);
    set_->install(server_.get(), Compression::on);
    // No OCSP response is asked for.
    SSL_CTX_set_tlsext_status_type(client_.get(), -1);
  }

#ifdef SSL_OP_NO_TX_CERTIFICATE_COMPRESSION
  const std::uint64_t no_compression_ = SSL_OP_NO_TX_CERTIFICATE_COMPRESSION;
#else
  const std::uint64_t no_compression_ = 0;
#endif
  std::optional<CertificateSet> set_;
  CompressionWatch watch_{client_.get()};
};

TEST(Compression, IsNotThereBeforeOpenSsl32) {
  if (OpenSSL_version_num() >= 0x30200000L) GTEST_SKIP() << "this OpenSSL is newer";
  EXPECT_FALSE(can_compress_certificates());
}

TEST_F(Compressed, EachVersionOfACertificate) {
  for (int renewal = 0; renewal < 3; ++renewal) {
    const std::string published = publish("ec");
    for (int handshake = 0; handshake < 2; ++handshake) {
      const Shown shown = shake();
      EXPECT_EQ(shown.fingerprint, published);
      EXPECT_EQ(shown.chain, 2U);
      EXPECT_TRUE(watch_.was_compressed());
    }
  }
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(Compressed, EachKindOfKey) {
  const std::string elliptic = publish("ec");
  const std::string rsa = publish("rsa", "RSA-2048");
  for (const auto& [algorithms, fingerprint] :
       {std::pair{"ECDSA+SHA256", elliptic}, std::pair{"RSA-PSS+SHA256", rsa}}) {
    ASSERT_EQ(SSL_CTX_set1_sigalgs_list(client_.get(), algorithms), 1);
    EXPECT_EQ(shake().fingerprint, fingerprint);
    EXPECT_TRUE(watch_.was_compressed());
  }
}

TEST_F(Compressed, NotForAClientOfTls12) {
  const std::string published = publish("ec");
  SSL_CTX_set_max_proto_version(client_.get(), TLS1_2_VERSION);
  EXPECT_EQ(shake().fingerprint, published);
  EXPECT_FALSE(watch_.was_compressed());
}

// OpenSSL would leave the response out.
TEST_F(Compressed, NotWhenThereIsAResponseToStapleForAClientThatAsks) {
  const std::string response = publish_stapled("ec", SystemClock().now() + Seconds(3600));
  EXPECT_EQ(shake().ocsp_response, "");
  EXPECT_TRUE(watch_.was_compressed());
  SSL_CTX_set_tlsext_status_type(client_.get(), TLSEXT_STATUSTYPE_ocsp);
  EXPECT_EQ(shake().ocsp_response, response);
  EXPECT_FALSE(watch_.was_compressed());
  publish("ec");
  EXPECT_EQ(shake().ocsp_response, "");
  EXPECT_TRUE(watch_.was_compressed());
}

TEST_F(Compressed, NotUnlessItIsSwitchedOn) {
  set_->install(server_.get());
  const std::string published = publish("ec");
  EXPECT_EQ(shake().fingerprint, published);
  EXPECT_FALSE(watch_.was_compressed());
}

// The rest of a context's certificates must not come under a refused one's name.
TEST_F(Compressed, NotWhatOpenSslRefuses) {
  SSL_CTX_set_security_level(server_.get(), 3);
  const std::string elliptic = publish("ec");
  publish("rsa", "RSA-2048");
  EXPECT_EQ(shake().fingerprint, elliptic);
  EXPECT_TRUE(watch_.was_compressed());
}

}  // namespace
}  // namespace ccm::server
