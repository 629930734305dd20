// SPDX-License-Identifier: Apache-2.0
// A certificate's serial number as this program writes it. Crypto room only; pure.
#pragma once

#include <openssl/asn1.h>

#include <string>

#include "crypto/openssl_handles.h"

namespace ccm::crypto {

// Upper-case hexadecimal without separators; empty when there is none.
inline std::string serial_text(const ASN1_INTEGER* serial) {
  const BignumHandle number(serial == nullptr ? nullptr : ASN1_INTEGER_to_BN(serial, nullptr));
  char* text = number == nullptr ? nullptr : BN_bn2hex(number.get());
  if (text == nullptr) {
    drain_openssl_errors();
    return {};
  }
  std::string written = text;
  OPENSSL_free(text);
  return written;
}

}  // namespace ccm::crypto
