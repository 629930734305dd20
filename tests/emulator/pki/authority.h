// SPDX-License-Identifier: Apache-2.0
// The certification authorities the emulator owns besides the accounts' private ones: `service` for
// its own HTTPS, `scm` (an intermediate below `scm-root`) for public certificates and `other`, whom
// nobody trusts. Kept in the store, used under World's lock.
#pragma once

#include <string>

#include "pki/issuance.h"

namespace emulator {

struct World;

struct Issuer {
  std::string id;
  KeyHandle key;
  Certificates chain;  // itself first, root last

  X509* certificate() const { return chain.front().get(); }
  Signer signer() const { return {certificate(), key.get()}; }
};

// Made when first asked for.
Issuer named_issuer(World& world, const std::string& name);

// Certificate and key for the listener, signed by `service`, for localhost and for `names`.
struct ServerIdentity {
  std::string certificate;
  std::string key;
};
ServerIdentity make_server_identity(World& world, const std::vector<AlternativeName>& names);

// Decimal, 24 digits: UTC creation time and ten random digits, as PCA numbers its certificates.
std::string fresh_serial(World& world);

}  // namespace emulator
