// SPDX-License-Identifier: Apache-2.0
// The blocks of a catalogue (catalogue_layout.h) as bytes: a certificate without its chain, and a
// chain without a leaf. Pure functions; the decoders trust no length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/traces.h"
#include "crypto/certificate/certificate.h"
#include "crypto/key/key_type.h"

namespace ccm::publication {

// What a block says of a certificate beside the bytes that are served.
struct CataloguedFacts {
  std::string entry;  // its name in the store
  Traces traces;
  Time begin{};
  Time end{};
  crypto::KeyAlgorithm key = crypto::KeyAlgorithm::ecdsa;
  std::vector<std::string> names;  // of the leaf
  std::uint64_t chain = 0;         // reference of the block; 0: there is none
};

// Views into the decoded bytes.
struct CertificateBlock {
  CataloguedFacts facts;
  std::span<const std::byte> leaf;
  std::span<const std::byte> key;
  std::span<const std::byte> response;
};

// What is served, in DER. Views.
struct ServedParts {
  std::span<const std::byte> leaf;
  std::vector<std::span<const std::byte>> above;  // the rest of the chain
  std::span<const std::byte> key;
  std::span<const std::byte> response;  // empty: none to staple
};

// The result is Secret because it holds the key.
Secret encode_block(const CataloguedFacts& facts, const ServedParts& parts);
// `invalid` on malformed input.
Result<CertificateBlock> decode_block(std::span<const std::byte> bytes);

// Encodes the chain without the leaf.
Secret encode_chain(const ServedParts& parts);
Result<std::vector<crypto::Certificate>> decode_chain(std::span<const std::byte> bytes);

// The hash of a name in canonical form; never 0. A part of the name's SHA-256, so that nobody can
// find a name that collides with a given one.
std::uint64_t hash_of(std::string_view name);

}  // namespace ccm::publication
