// SPDX-License-Identifier: Apache-2.0
// What `ccmctl import` is given, from whatever files people have: a certificate with its key, the
// directory of another ACME client, or a PKCS #12 file. One thread.
#pragma once

#include <string>

#include "base/result.h"
#include "crypto/key/encrypted_input.h"

namespace ccm::cli {

struct ImportInput {
  std::string certificate;  // PEM file; may hold the chain and the key as well
  std::string key;          // PEM file; empty: in `certificate`
  std::string chain;        // PEM file; empty: in `certificate`, or none
  std::string pkcs12;       // instead of the three
  std::string directory;    // instead of the four: /etc/letsencrypt/live/NAME and the like
  std::string password_file;
};

// Reads it all. Asks for a password on the terminal when one is needed and no file is named.
// `invalid` names the file.
Result<crypto::KeyWithCertificates> read_import(ImportInput input);

}  // namespace ccm::cli
