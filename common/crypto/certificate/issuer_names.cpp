// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/issuer_names.h"

#include <openssl/x509.h>

namespace ccm::crypto {
namespace {

void free_text(unsigned char* text) noexcept {
  OPENSSL_free(text);
}

}  // namespace

std::vector<std::string> issuer_names(const Certificate& certificate) {
  const X509_NAME* issuer = X509_get_issuer_name(certificate.native());
  std::vector<std::string> names;
  for (const int part : {NID_commonName, NID_organizationName}) {
    for (int at = -1; (at = X509_NAME_get_index_by_NID(issuer, part, at)) >= 0;) {
      unsigned char* raw = nullptr;
      const ASN1_STRING* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, at));
      const int size = ASN1_STRING_to_UTF8(&raw, data);
      const Handle<unsigned char, free_text> text(size < 0 ? nullptr : raw);
      if (text == nullptr) continue;
      names.emplace_back(reinterpret_cast<const char*>(text.get()), static_cast<std::size_t>(size));
    }
  }
  drain_openssl_errors();
  return names;
}

}  // namespace ccm::crypto
