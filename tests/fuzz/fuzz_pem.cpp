// SPDX-License-Identifier: Apache-2.0
// PEM and DER as they come from the cloud, from an operator's file or from the store: nothing may
// crash, and what is accepted must come out as it went in. An abort is a finding.
#include <openssl/err.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "crypto/certificate/bundle.h"
#include "crypto/certificate/chain.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/pem.h"

namespace {

using ccm::Result;
using ccm::crypto::Bundle;
using ccm::crypto::Certificate;
using ccm::crypto::KeyPair;
using ccm::crypto::parse_certificates_pem;

void require(bool holds) {
  if (!holds) std::abort();
}

void look_at(const Certificate& certificate) {
  for (const std::string& name : certificate.names())
    require(ccm::crypto::parse_server_name(name).value() == name);
  certificate.subject();
  certificate.issuer();
  certificate.serial();
  certificate.key_type();
  certificate.signature_strength();
  certificate.is_ca();
  certificate.is_self_signed();
  certificate.allows_server_auth();
  certificate.ocsp_urls();
  static_cast<void>(certificate.not_before() < certificate.not_after());
  require(certificate.sha1_fingerprint().size() == 40);
  const Result<Certificate> again = Certificate::parse_der(certificate.to_der());
  require(again && again->fingerprint() == certificate.fingerprint());
}

void look_at(const std::vector<Certificate>& certificates) {
  for (const Certificate& certificate : certificates) look_at(certificate);
  const Result<std::vector<Certificate>> again =
      parse_certificates_pem(ccm::crypto::to_pem(certificates));
  require(again && again->size() == certificates.size());
  if (const auto chain = ccm::crypto::order_chain(certificates, nullptr)) {
    // Not always the one right before it: several ways up may be in one chain.
    for (auto issuer = chain->begin() + 1; issuer < chain->end(); ++issuer) {
      require(std::any_of(chain->begin(), issuer,
                          [&](const Certificate& issued) { return issued.is_issued_by(*issuer); }));
    }
  }
}

void look_at(const KeyPair& key) {
  key.type();
  // Some keys that OpenSSL reads (a public point that is none, say) it does not write again.
  const Result<ccm::Secret> pem = key.to_pem();
  if (!pem) return;
  const Result<KeyPair> again = KeyPair::parse_pem(pem->reveal());
  require(again.has_value() && again->type() == key.type());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const Result<std::vector<Certificate>> certificates = parse_certificates_pem(text);
  if (certificates) look_at(*certificates);
  if (const Result<Certificate> certificate = Certificate::parse_der(bytes)) look_at(*certificate);
  const Result<KeyPair> key = KeyPair::parse_pem(text);
  if (key) look_at(*key);
  if (const Result<KeyPair> from_der = KeyPair::parse_der(bytes)) look_at(*from_der);
  if (certificates && key) static_cast<void>(Bundle::make(*certificates, *key));

  require(ERR_peek_error() == 0);
  return 0;
}
