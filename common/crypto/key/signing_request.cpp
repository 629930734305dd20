// SPDX-License-Identifier: Apache-2.0
#include "crypto/key/signing_request.h"

#include <openssl/pem.h>

#include <algorithm>

#include "crypto/certificate/alternative_names.h"
#include "crypto/key/key_type_of.h"

namespace ccm::crypto {
namespace {

// ub-common-name of RFC 5280 appendix A.1.
constexpr std::size_t kMaxCommonName = 64;

struct ExtensionStackDeleter {
  void operator()(STACK_OF(X509_EXTENSION) * stack) const noexcept {
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
  }
};
using ExtensionStackHandle = std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionStackDeleter>;

bool set_common_name(X509_REQ* request, const std::string& name) {
  return X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName,
                                    MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool add_alternative_names(X509_REQ* request, GENERAL_NAMES* names, bool is_critical) {
  STACK_OF(X509_EXTENSION)* raw = nullptr;
  const bool is_added =
      X509V3_add1_i2d(&raw, NID_subject_alt_name, names, is_critical ? 1 : 0, 0) == 1;
  const ExtensionStackHandle extensions(raw);
  return is_added && X509_REQ_add_extensions(request, raw) == 1;
}

int curve_of(KeyType type) noexcept {
  if (type.bits == 521) return NID_secp521r1;
  return type.bits == 384 ? NID_secp384r1 : NID_X9_62_prime256v1;
}

// OpenSSL 3.0 would search for an encoder and then decode again what that wrote, which takes longer
// than the signature. The point is all that there is to write.
bool set_curve_key(X509_REQ* request, const KeyPair& key) {
  unsigned char* point = nullptr;
  const std::size_t size = EVP_PKEY_get1_encoded_public_key(key.native(), &point);
  if (size == 0) return false;
  const bool is_set =
      X509_PUBKEY_set0_param(X509_REQ_get_X509_PUBKEY(request), OBJ_nid2obj(EVP_PKEY_EC),
                             V_ASN1_OBJECT, OBJ_nid2obj(curve_of(key.type())), point,
                             static_cast<int>(size)) == 1;
  if (!is_set) OPENSSL_free(point);
  return is_set;
}

bool set_key(X509_REQ* request, const KeyPair& key) {
  if (key.type().algorithm == KeyAlgorithm::ecdsa) return set_curve_key(request, key);
  return X509_REQ_set_pubkey(request, key.native()) == 1;
}

Result<std::string> to_pem(X509_REQ* request) {
  const BioHandle buffer(BIO_new(BIO_s_mem()));
  if (buffer == nullptr || PEM_write_bio_X509_REQ(buffer.get(), request) != 1) {
    return fail(openssl_error(ErrorKind::internal, "write a signing request"));
  }
  return std::string(content_of(buffer.get()));
}

}  // namespace

Result<std::string> make_signing_request(const KeyPair& key,
                                         const std::vector<std::string>& names) {
  if (names.empty()) {
    return fail(ErrorKind::invalid, "signing request: there is no name to put into it");
  }
  const auto common_name = std::find_if(names.begin(), names.end(), [](const std::string& name) {
    return name.size() <= kMaxCommonName;
  });
  const bool has_common_name = common_name != names.end();
  Result<GeneralNamesHandle> alternative_names = make_alternative_names(names);
  if (!alternative_names) return fail_with(std::move(alternative_names), "signing request");
  const X509RequestHandle request(X509_REQ_new());
  // With an empty subject the names must be critical (RFC 5280 section 4.2.1.6).
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      (has_common_name && !set_common_name(request.get(), *common_name)) ||
      !add_alternative_names(request.get(), alternative_names->get(), !has_common_name) ||
      !set_key(request.get(), key) ||
      X509_REQ_sign(request.get(), key.native(), signature_digest(key.type())) <= 0) {
    return fail(openssl_error(ErrorKind::internal, "signing request"));
  }
  return to_pem(request.get());
}

}  // namespace ccm::crypto
