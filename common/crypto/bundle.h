// What a server serves: a certificate chain, the leaf's private key, and optionally a stapled OCSP
// response. `make` is the only way to one, and it enforces that the key fits the leaf; nothing else
// in the program may hold a certificate to serve. Shared and immutable; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/key_pair.h"

namespace ccm::crypto {

// Where the path of a bundle ended when it was made: only what arrives with its root can tell.
enum class PathEnd : std::uint8_t {
  rooted,      // a root came along that issued a certificate of the path
  open,        // no root came along (always so for what was stored)
  mismatched,  // a root came along that issued none of them: something is missing in between
};

class Bundle {
 public:
  // `certificates` in any order, root attached or not (chain.h mends it). `rejected` when the key
  // fits none of them.
  static Result<Bundle> make(const std::vector<Certificate>& certificates, KeyPair key);
  // The same from PEM texts; `chain_pem` may be empty when `certificate_pem` holds everything.
  static Result<Bundle> parse_pem(std::string_view certificate_pem, std::string_view chain_pem,
                                  KeyPair key);

  const Certificate& leaf() const noexcept { return chain_.front(); }
  // Leaf first, then intermediates; never empty, never with the root.
  const std::vector<Certificate>& chain() const noexcept { return chain_; }
  const KeyPair& key() const noexcept { return key_; }
  PathEnd path_end() const noexcept { return path_end_; }

 private:
  Bundle(std::vector<Certificate> chain, KeyPair key, PathEnd path_end)
      : chain_(std::move(chain)), key_(std::move(key)), path_end_(path_end) {}

  std::vector<Certificate> chain_;
  KeyPair key_;
  PathEnd path_end_;
};

}  // namespace ccm::crypto
