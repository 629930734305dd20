// SPDX-License-Identifier: Apache-2.0
// What relying parties ask a certification authority for: OCSP (RFC 6960) and CRLs (RFC 5280), over
// plain HTTP, at the addresses written into the certificates the emulator signs.
#include <openssl/ocsp.h>

#include "pca/pca_authority.h"
#include "pki/authority.h"
#include "service/catalogue.h"
#include "service/operation.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

using OcspRequestHandle = std::unique_ptr<OCSP_REQUEST, OpensslFree<OCSP_REQUEST_free>>;
using OcspResponseHandle = std::unique_ptr<OCSP_RESPONSE, OpensslFree<OCSP_RESPONSE_free>>;
using OcspBasicHandle = std::unique_ptr<OCSP_BASICRESP, OpensslFree<OCSP_BASICRESP_free>>;
using TimeHandle = std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>>;
using CrlHandle = std::unique_ptr<X509_CRL, OpensslFree<X509_CRL_free>>;

// One certificate of an authority, as OCSP and CRL see it.
struct Status {
  bool known = false;
  bool revoked = false;
  std::int64_t revoked_ms = 0;
  int reason = 0;  // RFC 5280 section 5.3.1; 0 is unspecified
};

std::optional<Issuer> authority_of(World& world, const std::string& id) {
  if (id == "scm") return named_issuer(world, "scm");
  const json* ca = world.store.find("ca", id);
  if (ca == nullptr || is_blank(*ca, "private_key")) return std::nullopt;
  return private_issuer(world, *ca);
}

bool issued_by(const json& record, const std::string& authority) {
  if (is_blank(record, "certificate")) return false;
  return authority == "scm" || record["issuer_id"] == authority;
}

Status status_of(const json& record, const char* time_field) {
  Status status{.known = true};
  status.revoked = record["status"].get<std::string>().starts_with("REVOK");
  status.revoked_ms = record.value(time_field, std::int64_t{0});
  const json reason = record.value("revoke_reason", json());
  if (reason.is_string()) status.reason = reason_number(reason.get<std::string>());
  return status;
}

using Visit = std::function<void(X509*, const Status&)>;

void visit_record(const json& record, const std::string& authority, const Visit& visit) {
  const bool scm = authority == "scm";
  if (!issued_by(record, authority) || (scm && record["status"] == "UPLOAD")) return;
  const Certificates parsed = parse_certificates(record["certificate"].get<std::string>());
  visit(parsed.front().get(), status_of(record, scm ? "revoke_ms" : "revoke_time"));
}

// Where the certificates of an authority are, those of the CAs below it included.
std::vector<std::string> kinds_of(const std::string& authority) {
  if (authority == "scm") return {"scm_certificate"};
  return {"pca_certificate", "ca"};
}

void for_each_certificate(const World& world, const std::string& authority, const Visit& visit) {
  for (const std::string& kind : kinds_of(authority)) {
    for (const auto& [id, record] : world.store.all(kind)) visit_record(record, authority, visit);
  }
}

void for_each_of_serial(World& world, const std::string& authority, const ASN1_INTEGER* serial,
                        const Visit& visit) {
  for (const std::string& kind : kinds_of(authority)) {
    for (const std::string& id : world.serials.find(world.store, kind, serial)) {
      if (const json* record = world.store.find(kind, id)) visit_record(*record, authority, visit);
    }
  }
}

// Whether a private CA offers this; the emulator's own authorities always do.
bool offers_ocsp(const World& world, const std::string& id) {
  const json* ca = world.store.find("ca", id);
  return ca == nullptr || ca->value("ocsp_switch", true);
}

// Days between two CRLs; nothing when the CA publishes none.
std::optional<std::int64_t> crl_days(const World& world, const std::string& id) {
  const json* ca = world.store.find("ca", id);
  if (ca == nullptr) return 7;
  const json& settings = (*ca)["crl_configuration"];
  if (settings["enabled"] != true) return std::nullopt;
  return settings["valid_days"].get<std::int64_t>();
}

template <typename T>
std::string der_of(T* object, int (*encode)(const T*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int length = encode(object, &der);
  if (length <= 0) throw std::runtime_error("encoding an answer failed");
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

Reply binary_reply(const char* type, std::string body) {
  Reply reply;
  reply.headers = {{"Content-Type", type}};
  reply.body = std::move(body);
  return reply;
}

Reply ocsp_failure(int status) {
  const OcspResponseHandle response(OCSP_response_create(status, nullptr));
  return binary_reply("application/ocsp-response", der_of(response.get(), i2d_OCSP_RESPONSE));
}

Status find_status(const Call& call, const std::string& authority, OCSP_CERTID* wanted,
                   X509* issuer) {
  ASN1_OBJECT* digest = nullptr;
  ASN1_INTEGER* serial = nullptr;
  OCSP_id_get0_info(nullptr, &digest, nullptr, &serial, wanted);
  Status found;
  const EVP_MD* hash = EVP_get_digestbyobj(digest);
  if (hash == nullptr) return found;
  const auto look = [&](X509* certificate, const Status& status) {
    const std::unique_ptr<OCSP_CERTID, OpensslFree<OCSP_CERTID_free>> id(
        OCSP_cert_to_id(hash, certificate, issuer));
    if (OCSP_id_cmp(id.get(), wanted) == 0) found = status;
  };
  for_each_of_serial(call.world, authority, serial, look);
  return found;
}

void add_status(const Call& call, OCSP_BASICRESP* answer, OCSP_CERTID* id, const Status& status) {
  const std::int64_t now = call.world.clock.now_s();
  const TimeHandle from(ASN1_TIME_set(nullptr, now - 60));
  const TimeHandle until(
      ASN1_TIME_set(nullptr, now + call.world.options.number("ocsp_lifetime_s")));
  const TimeHandle revoked(ASN1_TIME_set(nullptr, status.revoked_ms / 1000));
  const int verdict = !status.known    ? V_OCSP_CERTSTATUS_UNKNOWN
                      : status.revoked ? V_OCSP_CERTSTATUS_REVOKED
                                       : V_OCSP_CERTSTATUS_GOOD;
  OCSP_basic_add1_status(answer, id, verdict, status.reason,
                         status.revoked ? revoked.get() : nullptr, from.get(), until.get());
}

Reply answer_ocsp(Call& call, const std::string& der) {
  const std::string authority = call.path.at("authority");
  const auto issuer = authority_of(call.world, authority);
  if (!issuer || !offers_ocsp(call.world, authority))
    return ocsp_failure(OCSP_RESPONSE_STATUS_UNAUTHORIZED);
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const OcspRequestHandle request(d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(der.size())));
  if (request == nullptr) return ocsp_failure(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
  const OcspBasicHandle answer(OCSP_BASICRESP_new());
  for (int i = 0; i < OCSP_request_onereq_count(request.get()); ++i) {
    OCSP_CERTID* id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request.get(), i));
    add_status(call, answer.get(), id, find_status(call, authority, id, issuer->certificate()));
  }
  OCSP_copy_nonce(answer.get(), request.get());
  OCSP_basic_sign(answer.get(), issuer->certificate(), issuer->key.get(), EVP_sha256(), nullptr,
                  OCSP_NOCERTS);
  const OcspResponseHandle response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, answer.get()));
  return binary_reply("application/ocsp-response", der_of(response.get(), i2d_OCSP_RESPONSE));
}

Reply ocsp_by_post(Call& call) {
  return answer_ocsp(call, call.request.body);
}

// RFC 6960 appendix A.1: the request as base64 in the last part of the path.
Reply ocsp_by_get(Call& call) {
  return answer_ocsp(call, base64_decode(call.path.at("request")).value_or(""));
}

void add_revoked(X509_CRL* crl, X509* certificate, const Status& status) {
  X509_REVOKED* entry = X509_REVOKED_new();
  const TimeHandle when(ASN1_TIME_set(nullptr, status.revoked_ms / 1000));
  X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate));
  X509_REVOKED_set_revocationDate(entry, when.get());
  // RFC 5280 section 5.3.1: an unspecified reason is left out.
  if (status.reason != 0) {
    const std::unique_ptr<ASN1_ENUMERATED, OpensslFree<ASN1_ENUMERATED_free>> reason(
        ASN1_ENUMERATED_new());
    ASN1_ENUMERATED_set(reason.get(), status.reason);
    X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason.get(), 0, X509V3_ADD_DEFAULT);
  }
  X509_CRL_add0_revoked(crl, entry);
}

// The number and key identifier that RFC 5280 section 5.2 asks for; the number grows with time.
void add_crl_extensions(X509_CRL* crl, X509* issuer, std::int64_t now) {
  const std::unique_ptr<ASN1_INTEGER, OpensslFree<ASN1_INTEGER_free>> number(ASN1_INTEGER_new());
  ASN1_INTEGER_set_int64(number.get(), now);
  X509_CRL_add1_ext_i2d(crl, NID_crl_number, number.get(), 0, X509V3_ADD_DEFAULT);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, nullptr, nullptr, crl, 0);
  const std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> key(
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid"));
  if (key != nullptr) X509_CRL_add_ext(crl, key.get(), -1);
}

Reply show_crl(Call& call) {
  const std::string authority = call.path.at("authority");
  const auto issuer = authority_of(call.world, authority);
  const auto days = crl_days(call.world, authority);
  if (!issuer || !days) throw Refusal("APIGW.0101");
  const CrlHandle crl(X509_CRL_new());
  const std::int64_t now = call.world.clock.now_s();
  const TimeHandle from(ASN1_TIME_set(nullptr, now - 60));
  const TimeHandle until(ASN1_TIME_set(nullptr, now + *days * 86400));
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer->certificate()));
  X509_CRL_set1_lastUpdate(crl.get(), from.get());
  X509_CRL_set1_nextUpdate(crl.get(), until.get());
  add_crl_extensions(crl.get(), issuer->certificate(), now);
  for_each_certificate(call.world, authority, [&](X509* certificate, const Status& status) {
    if (status.revoked) add_revoked(crl.get(), certificate, status);
  });
  X509_CRL_sort(crl.get());
  X509_CRL_sign(crl.get(), issuer->key.get(), EVP_sha256());
  return binary_reply("application/pkix-crl", der_of(crl.get(), i2d_X509_CRL));
}

}  // namespace

Operations pki_operations() {
  const auto open = Operation::Access::open;
  return {
      {Service::pki, "Ocsp", "POST", "/pki/ocsp/{authority}", ocsp_by_post, {}, open},
      {Service::pki, "Ocsp", "GET", "/pki/ocsp/{authority}/{request}", ocsp_by_get, {}, open},
      {Service::pki, "Crl", "GET", "/pki/crl/{authority}", show_crl, {}, open},
  };
}

}  // namespace emulator
