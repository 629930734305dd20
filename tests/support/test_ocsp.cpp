// SPDX-License-Identifier: Apache-2.0
#include "support/test_ocsp.h"

#include <openssl/ocsp.h>

#include <chrono>
#include <stdexcept>

#include "crypto/certificate/asn1_time.h"
#include "crypto/openssl.h"

namespace ccm::test {
namespace {

using BasicHandle = Handle<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using ResponseHandle = Handle<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using RequestHandle = Handle<OCSP_REQUEST, OCSP_REQUEST_free>;
using IdHandle = Handle<OCSP_CERTID, OCSP_CERTID_free>;
using TimeHandle = Handle<ASN1_TIME, ASN1_TIME_free>;

void check_made(bool is_done, const char* activity) {
  if (!is_done) {
    throw std::runtime_error(crypto::openssl_error(ErrorKind::internal, activity).message());
  }
}

TimeHandle to_asn1(Time time) {
  TimeHandle made(ASN1_GENERALIZEDTIME_set(nullptr, crypto::to_time_t(time)));
  check_made(made != nullptr, "a date");
  return made;
}

int native_status(crypto::OcspStatus status) {
  switch (status) {
    case crypto::OcspStatus::good:
      return V_OCSP_CERTSTATUS_GOOD;
    case crypto::OcspStatus::revoked:
      return V_OCSP_CERTSTATUS_REVOKED;
    case crypto::OcspStatus::unknown:
      break;
  }
  return V_OCSP_CERTSTATUS_UNKNOWN;
}

std::vector<std::byte> encode(int status, OCSP_BASICRESP* basic) {
  const ResponseHandle response(OCSP_response_create(status, basic));
  check_made(response != nullptr, "OCSP response");
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &der);
  check_made(size > 0, "OCSP response");
  const auto* bytes = reinterpret_cast<const std::byte*>(der);
  std::vector<std::byte> encoded(bytes, bytes + size);
  OPENSSL_free(der);
  return encoded;
}

}  // namespace

std::vector<std::byte> make_test_response(const crypto::Certificate& leaf,
                                          const TestAuthority& issuer,
                                          const TestResponseOptions& options) {
  const BasicHandle basic(OCSP_BASICRESP_new());
  const IdHandle id(OCSP_cert_to_id(EVP_get_digestbyname(options.digest.c_str()), leaf.native(),
                                    issuer.certificate.native()));
  const TimeHandle this_update = to_asn1(options.this_update);
  const TimeHandle next_update = options.next_update ? to_asn1(*options.next_update) : TimeHandle();
  const bool is_revoked = options.status == crypto::OcspStatus::revoked;
  const TimeHandle revoked_at = is_revoked ? to_asn1(options.revoked_at) : TimeHandle();
  check_made(
      OCSP_basic_add1_status(basic.get(), id.get(), native_status(options.status), options.reason,
                             revoked_at.get(), this_update.get(), next_update.get()) != nullptr,
      "OCSP status");
  const TestCertificate& signer = options.signer != nullptr ? *options.signer : issuer;
  const unsigned long flags = options.signer != nullptr ? 0 : OCSP_NOCERTS;
  check_made(OCSP_basic_sign(basic.get(), signer.certificate.native(), signer.key.native(),
                             EVP_sha256(), nullptr, flags) == 1,
             "sign an OCSP response");
  return encode(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get());
}

std::vector<std::byte> make_test_refusal(int status) {
  return encode(status, nullptr);
}

bool is_test_request_about(std::string_view request, const crypto::Certificate& leaf,
                           const crypto::Certificate& issuer) {
  const auto* position = reinterpret_cast<const unsigned char*>(request.data());
  const RequestHandle parsed(
      d2i_OCSP_REQUEST(nullptr, &position, static_cast<long>(request.size())));
  check_made(parsed != nullptr, "OCSP request");
  const IdHandle id(OCSP_cert_to_id(EVP_sha1(), leaf.native(), issuer.native()));
  return OCSP_request_onereq_count(parsed.get()) == 1 &&
         OCSP_REQUEST_get_ext_count(parsed.get()) == 0 &&
         OCSP_id_cmp(OCSP_onereq_get0_id(OCSP_request_onereq_get0(parsed.get(), 0)), id.get()) == 0;
}

}  // namespace ccm::test
