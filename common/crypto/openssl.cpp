// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl.h"

#include <openssl/err.h>

#include <string>

namespace ccm::crypto {

Error openssl_error(ErrorKind kind, std::string_view activity) {
  const char* data = nullptr;
  int flags = 0;
  const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags);
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string message = reason == nullptr ? "OpenSSL gives no reason" : reason;
  if (data != nullptr && *data != '\0' && (flags & ERR_TXT_STRING) != 0) {
    message.append(" (").append(data).append(")");
  }
  drain_openssl_errors();
  return Error(kind, std::move(message)).with_context(activity);
}

void drain_openssl_errors() noexcept {
  ERR_clear_error();
}

std::string_view content_of(BIO* buffer) noexcept {
  char* data = nullptr;
  const long size = BIO_get_mem_data(buffer, &data);
  return {data, static_cast<std::size_t>(size)};
}

X509Handle share(X509* certificate) noexcept {
  X509_up_ref(certificate);
  return X509Handle(certificate);
}

EvpKeyHandle share(EVP_PKEY* key) noexcept {
  EVP_PKEY_up_ref(key);
  return EvpKeyHandle(key);
}

}  // namespace ccm::crypto
