// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/ocsp.h"

#include <fmt/format.h>
#include <openssl/ocsp.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "crypto/certificate/asn1_time.h"
#include "crypto/certificate/recent_checks.h"
#include "crypto/openssl_handles.h"

namespace ccm::crypto {
namespace {

using namespace std::chrono_literals;

using RequestHandle = Handle<OCSP_REQUEST, OCSP_REQUEST_free>;
using ResponseHandle = Handle<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using BasicHandle = Handle<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using IdHandle = Handle<OCSP_CERTID, OCSP_CERTID_free>;

constexpr Seconds kTolerance = 5min;
constexpr Seconds kValidityWithoutEnd = 1h;

Failure refused(std::string_view problem) {
  return fail(ErrorKind::invalid, fmt::format("the OCSP response {}", problem));
}

// RFC 5019 section 2.1.1 requires SHA-1. It only names the certificate here and proves nothing.
IdHandle make_id(const Certificate& leaf, const Certificate& issuer) {
  return IdHandle(OCSP_cert_to_id(EVP_sha1(), leaf.native(), issuer.native()));
}

Result<BasicHandle> parse(std::span<const std::byte> der) {
  if (der.size() > kMostOcspResponse) {
    return refused(
        fmt::format("has {} bytes; at most {} can be stapled", der.size(), kMostOcspResponse));
  }
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = position + der.size();
  const ResponseHandle response(
      der.empty() ? nullptr : d2i_OCSP_RESPONSE(nullptr, &position, static_cast<long>(der.size())));
  if (response == nullptr) {
    drain_openssl_errors();
    return refused("is not one");
  }
  if (position != end) return refused("has something behind its end");
  const int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    const bool may_pass =
        status == OCSP_RESPONSE_STATUS_TRYLATER || status == OCSP_RESPONSE_STATUS_INTERNALERROR;
    return fail(
        may_pass ? ErrorKind::transient : ErrorKind::rejected,
        fmt::format("the OCSP responder gives no answer: {}", OCSP_response_status_str(status)));
  }
  BasicHandle basic(OCSP_response_get1_basic(response.get()));
  drain_openssl_errors();
  if (basic == nullptr) return refused("is of an unknown kind");
  return basic;
}

// Only the issuer is trusted: a response that it did not sign itself must be signed by a responder
// that it certified directly (OCSP_basic_verify looks for id-kp-OCSPSigning).
bool is_signed_for(OCSP_BASICRESP* basic, const Certificate& issuer, Time now) {
  const StoreHandle trust(X509_STORE_new());
  const ListHandle candidates(sk_X509_new_null());
  if (trust == nullptr || candidates == nullptr ||
      X509_STORE_add_cert(trust.get(), issuer.native()) != 1 ||
      sk_X509_push(candidates.get(), issuer.native()) == 0) {
    return false;
  }
  X509_VERIFY_PARAM* rules = X509_STORE_get0_param(trust.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(rules, to_time_t(now));
  return OCSP_basic_verify(basic, candidates.get(), trust.get(), OCSP_NOEXPLICIT) == 1;
}

bool is_genuine_response(OCSP_BASICRESP* basic, const ResponseQuestion& question) {
  if (was_good(question)) return true;
  const bool is_genuine = is_signed_for(basic, question.issuer, question.now);
  drain_openssl_errors();
  if (is_genuine) note_good(question);
  return is_genuine;
}

// The end of what an entry says, which it need not name.
Time end_of(Time this_update, const ASN1_GENERALIZEDTIME* next_update) noexcept {
  return to_time(next_update).value_or(this_update + kValidityWithoutEnd);
}

Result<void> check_dates(const OcspAnswer& answer, Time now) {
  if (answer.this_update > now + kTolerance) {
    return refused(fmt::format("begins only at {}", format_time(answer.this_update)));
  }
  if (answer.next_update <= now) {
    return refused(fmt::format("ended at {}", format_time(answer.next_update)));
  }
  return {};
}

OcspStatus status_of(int status) noexcept {
  if (status == V_OCSP_CERTSTATUS_GOOD) return OcspStatus::good;
  return status == V_OCSP_CERTSTATUS_REVOKED ? OcspStatus::revoked : OcspStatus::unknown;
}

Result<OcspAnswer> find_answer(OCSP_BASICRESP* basic, OCSP_CERTID* id) {
  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  int reason = OCSP_REVOKED_STATUS_NOSTATUS;
  ASN1_GENERALIZEDTIME* revoked_at = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  if (OCSP_resp_find_status(basic, id, &status, &reason, &revoked_at, &this_update, &next_update) !=
      1) {
    return refused("is about another certificate");
  }
  const std::optional<Time> begin = to_time(this_update);
  if (!begin || (next_update != nullptr && !to_time(next_update))) {
    return refused("has unreadable dates");
  }
  OcspAnswer answer{.status = status_of(status),
                    .this_update = *begin,
                    .next_update = end_of(*begin, next_update)};
  if (answer.status == OcspStatus::revoked) {
    answer.revoked_at = to_time(revoked_at);
    if (reason != OCSP_REVOKED_STATUS_NOSTATUS) answer.reason = OCSP_crl_reason_str(reason);
  }
  return answer;
}

}  // namespace

Result<std::vector<std::byte>> make_ocsp_request(const Certificate& leaf,
                                                 const Certificate& issuer) {
  const RequestHandle request(OCSP_REQUEST_new());
  IdHandle id = make_id(leaf, issuer);
  if (request == nullptr || id == nullptr ||
      OCSP_request_add0_id(request.get(), id.get()) == nullptr) {
    return fail(openssl_error(ErrorKind::internal, "make an OCSP request"));
  }
  static_cast<void>(id.release());  // the request's now
  const int size = i2d_OCSP_REQUEST(request.get(), nullptr);
  std::vector<std::byte> der(size > 0 ? static_cast<std::size_t>(size) : 0);
  auto* position = reinterpret_cast<unsigned char*>(der.data());
  if (der.empty() || i2d_OCSP_REQUEST(request.get(), &position) != size) {
    return fail(openssl_error(ErrorKind::internal, "encode an OCSP request"));
  }
  return der;
}

Result<OcspAnswer> judge_ocsp_response(std::span<const std::byte> der, const Certificate& leaf,
                                       const Certificate& issuer, Time now) {
  Result<BasicHandle> basic = parse(der);
  if (!basic) return pass(std::move(basic));
  const IdHandle id = make_id(leaf, issuer);
  if (id == nullptr) return fail(openssl_error(ErrorKind::internal, "name a certificate"));
  Result<OcspAnswer> answer = find_answer(basic->get(), id.get());
  if (!answer) return answer;
  const bool is_genuine =
      is_genuine_response(basic->get(), {{der.begin(), der.end()}, issuer, now});
  if (!is_genuine) {
    return refused("is signed neither by the certificate's issuer nor by a responder of its own");
  }
  if (Result<void> dates = check_dates(*answer, now); !dates) return pass(std::move(dates));
  return answer;
}

Time ocsp_response_end(std::span<const std::byte> der) {
  const Result<BasicHandle> basic = parse(der);
  if (!basic || OCSP_resp_count(basic->get()) < 1) return Time();
  Time end = Time::max();
  for (int i = 0; i < OCSP_resp_count(basic->get()); ++i) {
    ASN1_GENERALIZEDTIME* this_update = nullptr;
    ASN1_GENERALIZEDTIME* next_update = nullptr;
    OCSP_single_get0_status(OCSP_resp_get0(basic->get(), i), nullptr, nullptr, &this_update,
                            &next_update);
    end = std::min(end, end_of(to_time(this_update).value_or(Time()), next_update));
  }
  return end;
}

}  // namespace ccm::crypto
