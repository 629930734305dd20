// SPDX-License-Identifier: Apache-2.0
// Archives and keystores in memory. Any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pki/openssl_handles.h"

namespace emulator {

// Entries as name and content, in order. Throws std::runtime_error when libzip refuses.
std::string make_zip(const std::vector<std::pair<std::string, std::string>>& entries);

struct KeystoreContent {
  EVP_PKEY* key = nullptr;  // null: certificates only
  X509* certificate = nullptr;
  const Certificates* chain = nullptr;
  std::string password;
};
// PKCS#12, readable by IIS, keytool and Tomcat.
std::string make_pkcs12(const KeystoreContent& content);

}  // namespace emulator
