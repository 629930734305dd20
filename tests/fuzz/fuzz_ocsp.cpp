// SPDX-License-Identifier: Apache-2.0
// An OCSP response of any bytes about one certificate: refused, or in force for as long as it says.
// The seeds are signed by the issuer below, whose key nobody has any more. An abort is a finding.
#include <openssl/err.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "crypto/certificate/ocsp.h"
#include "crypto/certificate/pem.h"

using namespace ccm;
using crypto::Certificate;

namespace {

// When the seeds are in force: 2026-01-30T23:30:00Z.
constexpr Time kNow{Seconds{1769815800}};

// "Test Issuing CA", then "www.example.com".
constexpr std::string_view kCertificates = R"(-----BEGIN CERTIFICATE-----
MIIBhzCCAS2gAwIBAgIIfePkvpR7mFcwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJ
VGVzdCBSb290MB4XDTE2MDIwMzAwMDAwMFoXDTM2MDEyOTAwMDAwMFowGjEYMBYG
A1UEAwwPVGVzdCBJc3N1aW5nIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
NO6TzLZg3XqGf3qKZF4IEyAmcAL8cNftKXA4t3b6mMknX863Ai97QQK2u6PAYPxE
Q1xsem9jfEQg0ZBrVw65zKNjMGEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8E
BAMCAQYwHQYDVR0OBBYEFK0Pwf6rkDez8WVb5zz/TZ0zj5T8MB8GA1UdIwQYMBaA
FHKcbwtTvuW30db0pnp2zCIdrPz3MAoGCCqGSM49BAMCA0gAMEUCIHaQbEfmmEyz
WKEiFUHOU0wnhVAKJp2VKC1FqeJinpzaAiEA0Fw3J9GZHQOuG66XIHENvkNYc8pq
whXF0CUlJBqFYPU=
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIBujCCAWCgAwIBAgIISayDft6JU8wwCgYIKoZIzj0EAwIwGjEYMBYGA1UEAwwP
VGVzdCBJc3N1aW5nIENBMB4XDTI2MDEzMDAwMDAwMFoXDTI2MDUwMTAwMDAwMFow
GjEYMBYGA1UEAwwPd3d3LmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE47hhSgROU/73sVp1xH/2rae3Iu+2vHnwsQLQfhqxRM/MGjMQ/mYDqBqs
lmUxykz59ZOpf5W8QdM96O5vFmX+paOBjzCBjDAJBgNVHRMEAjAAMA4GA1UdDwEB
/wQEAwIHgDAdBgNVHQ4EFgQU3AahTG/NMYDVFvFJ+z6q+dT6SbwwHwYDVR0jBBgw
FoAUrQ/B/quQN7PxZVvnPP9NnTOPlPwwGgYDVR0RBBMwEYIPd3d3LmV4YW1wbGUu
Y29tMBMGA1UdJQQMMAoGCCsGAQUFBwMBMAoGCCqGSM49BAMCA0gAMEUCIQCmXPik
nV6qZzjUDXcwT3BI6Abr8lAd8z5Nx3NbRfFCBQIgIpq+th4rPEt2w12rAOZpCAUQ
24N3mm7wutvUCxrzseI=
-----END CERTIFICATE-----
)";

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Certificate> kChain =
      crypto::parse_certificates_pem(kCertificates).value();
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const auto answer = crypto::judge_ocsp_response(bytes, kChain[1], kChain[0], kNow);
  const Time end = crypto::ocsp_response_end(bytes);
  if (answer) {
    require(size <= crypto::kMostOcspResponse);
    require(answer->next_update > kNow && end <= answer->next_update);
    require(answer->revoked_at.has_value() == (answer->status == crypto::OcspStatus::revoked));
  }
  // Makes a request about anything that parses as a certificate.
  if (const auto leaf = Certificate::parse_der(bytes)) {
    leaf->requires_stapling();
    static_cast<void>(crypto::make_ocsp_request(*leaf, kChain[0]));
  }
  require(ERR_peek_error() == 0);
  return 0;
}
