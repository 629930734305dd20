// What a server serves: a certificate chain, the leaf's private key, and optionally a stapled OCSP
// response. `make` is the only way to one, and it enforces that the key fits the leaf; nothing else in
// the program may hold a certificate to serve. Shared and immutable; any thread.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/key_pair.h"

namespace ccm::crypto {

class Bundle {
 public:
  // `certificates` in any order, root attached or not (chain.h mends it). `rejected` when the key
  // fits none of them.
  static Result<Bundle> make(std::vector<Certificate> certificates, KeyPair key);
  // The same from PEM texts; `chain_pem` may be empty when `certificate_pem` holds everything.
  static Result<Bundle> parse_pem(std::string_view certificate_pem, std::string_view chain_pem,
                                  KeyPair key);

  const Certificate& leaf() const noexcept { return chain_.front(); }
  // Leaf first, then intermediates; never empty, never with the root.
  const std::vector<Certificate>& chain() const noexcept { return chain_; }
  const KeyPair& key() const noexcept { return key_; }

 private:
  Bundle(std::vector<Certificate> chain, KeyPair key)
      : chain_(std::move(chain)), key_(std::move(key)) {}

  std::vector<Certificate> chain_;
  KeyPair key_;
};

}  // namespace ccm::crypto
