// SPDX-License-Identifier: Apache-2.0
// What a server serves: a certificate chain, the leaf's private key, and optionally a stapled OCSP
// response. Every way to make one enforces that the key fits the leaf; nothing else in the program
// may hold a certificate to serve. Shared and immutable; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "crypto/certificate/certificate.h"
#include "crypto/certificate/chain.h"
#include "crypto/key/key_pair.h"

namespace ccm::crypto {

// The limits of the publication (publication/codec.h).
inline constexpr std::size_t kMostPublishedCertificates = 16;
// The most bytes of chain and key together, in DER.
inline constexpr std::size_t kMostPublishedBytes = std::size_t{47} << 10U;

class Bundle {
 public:
  // From what a source delivers: `certificates` in any order, with or without the root (chain.h
  // puts them in order for a client at `now`; nullopt: at any time). `rejected` when the key fits
  // none of them.
  static Result<Bundle> make(const std::vector<Certificate>& certificates, KeyPair key,
                             std::optional<Time> now = std::nullopt);
  // The same from PEM texts; `chain_pem` may be empty when `certificate_pem` holds everything.
  static Result<Bundle> parse_pem(std::string_view certificate_pem, std::string_view chain_pem,
                                  KeyPair key, std::optional<Time> now = std::nullopt);
  // From a stored bundle: `chain` stays as it is. `rejected` when the key does not fit its first
  // certificate, `invalid` when it is empty.
  static Result<Bundle> restore(std::vector<Certificate> chain, KeyPair key);

  const Certificate& leaf() const noexcept { return chain_.front(); }
  // Leaf first, then intermediates; never empty. Holds a root only directly above a leaf that has
  // an OCSP responder.
  const std::vector<Certificate>& chain() const noexcept { return chain_; }
  // The root that was delivered and ends the chain; none after restore().
  const std::optional<Certificate>& root() const noexcept { return root_; }
  // Delivered certificates that are not served, for a log line ("CN=Old Root (not after …)"); empty
  // when there are none, or only the root.
  const std::string& left_out() const noexcept { return left_out_; }
  const KeyPair& key() const noexcept { return key_; }
  PathEnd path_end() const noexcept { return path_end_; }

 private:
  Bundle(std::vector<Certificate> chain, KeyPair key)
      : chain_(std::move(chain)), key_(std::move(key)) {}

  std::vector<Certificate> chain_;
  KeyPair key_;
  PathEnd path_end_ = PathEnd::open;
  std::optional<Certificate> root_;
  std::string left_out_;
};

// `rejected`, with the sizes, when the bundle does not fit into a publication buffer beside an OCSP
// response (publication/layout.h). Nothing larger may be installed.
Result<void> check_publishable(const Bundle& bundle);

}  // namespace ccm::crypto
