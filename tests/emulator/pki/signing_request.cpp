// SPDX-License-Identifier: Apache-2.0
#include "pki/signing_request.h"

#include <algorithm>

#include "pki/pem.h"
#include "text.h"

namespace emulator {
namespace {

using ExtensionStack = STACK_OF(X509_EXTENSION);
struct FreeExtensions {
  void operator()(ExtensionStack* stack) const {
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
  }
};
using Extensions = std::unique_ptr<ExtensionStack, FreeExtensions>;

std::vector<std::string> requested_key_usages(const ExtensionStack* extensions) {
  std::vector<std::string> usages;
  const std::unique_ptr<ASN1_BIT_STRING, OpensslFree<ASN1_BIT_STRING_free>> bits(
      static_cast<ASN1_BIT_STRING*>(X509V3_get_d2i(extensions, NID_key_usage, nullptr, nullptr)));
  for (int i = 0; bits != nullptr && i < 9; ++i) {
    if (ASN1_BIT_STRING_get_bit(bits.get(), i) == 1) usages.emplace_back(kKeyUsageNames[i]);
  }
  return usages;
}

std::vector<std::string> requested_extended_key_usages(const ExtensionStack* extensions) {
  std::vector<std::string> usages;
  const std::unique_ptr<EXTENDED_KEY_USAGE, OpensslFree<EXTENDED_KEY_USAGE_free>> list(
      static_cast<EXTENDED_KEY_USAGE*>(
          X509V3_get_d2i(extensions, NID_ext_key_usage, nullptr, nullptr)));
  for (int i = 0; list != nullptr && i < sk_ASN1_OBJECT_num(list.get()); ++i) {
    char text[80];
    OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(list.get(), i), 1);
    usages.emplace_back(text);
  }
  return usages;
}

std::vector<AlternativeName> names_of_extensions(const ExtensionStack* extensions) {
  const GeneralNamesHandle names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  return names == nullptr ? std::vector<AlternativeName>{} : names_of(names.get());
}

std::string algorithm_text(const X509_REQ* request) {
  int digest = NID_undef;
  int key = NID_undef;
  OBJ_find_sigid_algs(X509_REQ_get_signature_nid(request), &digest, &key);
  return upper(OBJ_nid2sn(digest)) + "with" + (key == NID_X9_62_id_ecPublicKey ? "ECDSA" : "RSA");
}

RequestHandle find_request(const std::string& pem) {
  for (const PemBlock& block : find_pem_blocks(pem)) {
    if (!block.label.ends_with("CERTIFICATE REQUEST")) continue;
    const auto* at = reinterpret_cast<const unsigned char*>(block.bytes.data());
    return RequestHandle(d2i_X509_REQ(nullptr, &at, static_cast<long>(block.bytes.size())));
  }
  return nullptr;
}

}  // namespace

std::optional<SigningRequest> parse_signing_request(const std::string& pem) {
  const RequestHandle request = find_request(pem);
  if (request == nullptr) return std::nullopt;
  KeyHandle key(X509_REQ_get_pubkey(request.get()));
  if (key == nullptr || X509_REQ_verify(request.get(), key.get()) != 1) return std::nullopt;
  const Extensions extensions(X509_REQ_get_extensions(request.get()));
  SigningRequest result;
  result.key = std::move(key);
  result.subject = subject_of(X509_REQ_get_subject_name(request.get()));
  result.names = names_of_extensions(extensions.get());
  result.key_usages = requested_key_usages(extensions.get());
  result.extended_key_usages = requested_extended_key_usages(extensions.get());
  result.signature_algorithm = algorithm_text(request.get());
  return result;
}

std::string make_signing_request(const json& subject, const std::vector<AlternativeName>& names,
                                 EVP_PKEY* key) {
  const RequestHandle request(X509_REQ_new());
  X509_REQ_set_subject_name(request.get(), make_name(subject).get());
  X509_REQ_set_pubkey(request.get(), key);
  if (!names.empty()) {
    const auto general = make_general_names(names);
    ExtensionStack* stack = nullptr;
    X509V3_add1_i2d(&stack, NID_subject_alt_name, general.get(), 0, X509V3_ADD_DEFAULT);
    const Extensions owner(stack);
    X509_REQ_add_extensions(request.get(), stack);
  }
  X509_REQ_sign(request.get(), key, EVP_PKEY_is_a(key, "SM2") == 1 ? EVP_sm3() : EVP_sha256());
  unsigned char* der = nullptr;
  const int length = i2d_X509_REQ(request.get(), &der);
  const std::string bytes(reinterpret_cast<char*>(der),
                          static_cast<std::size_t>(std::max(length, 0)));
  OPENSSL_free(der);
  return write_pem_block("CERTIFICATE REQUEST", bytes);
}

}  // namespace emulator
