// SPDX-License-Identifier: Apache-2.0
#include "publication/catalogue/catalogue_block.h"

#include <fmt/format.h>

#include <cstring>

#include "crypto/digest.h"
#include "publication/long_packing.h"

namespace ccm::publication {
namespace {

constexpr std::uint32_t kCataloguedMark = 0x31544343;  // "CCT1"
constexpr std::uint32_t kChainMark = 0x31484343;       // "CCH1"
constexpr std::uint32_t kRsaFlag = 1;

Failure malformed_block(std::string_view problem) {
  return fail(ErrorKind::invalid, fmt::format("the catalogued certificate {}", problem));
}

CataloguedFacts unpack_facts(Unpacker& in) {
  CataloguedFacts facts;
  const std::uint32_t flags = in.number();
  facts.key = flags == kRsaFlag ? crypto::KeyAlgorithm::rsa : crypto::KeyAlgorithm::ecdsa;
  facts.chain = unpack_long(in);
  facts.entry = in.text();
  facts.traces = {unpack_long(in), unpack_long(in), unpack_long(in)};
  facts.begin = unpack_time(in);
  facts.end = unpack_time(in);
  for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
    facts.names.emplace_back(in.text());
  }
  return facts;
}

}  // namespace

Secret encode_block(const CataloguedFacts& facts, const ServedParts& parts) {
  Packer out(512 + parts.leaf.size() + parts.key.size() + parts.response.size());
  out.number(kCataloguedMark);
  out.number(facts.key == crypto::KeyAlgorithm::rsa ? kRsaFlag : 0);
  pack_long(out, facts.chain);
  out.block(facts.entry);
  pack_long(out, facts.traces.version);
  pack_long(out, facts.traces.stamp);
  pack_long(out, facts.traces.response);
  pack_time(out, facts.begin);
  pack_time(out, facts.end);
  out.size(facts.names.size());
  for (const std::string& name : facts.names) out.block(name);
  out.block(parts.leaf);
  out.block(parts.key);
  out.block(parts.response);
  return std::move(out).take();
}

Result<CertificateBlock> decode_block(std::span<const std::byte> bytes) {
  Unpacker in(bytes);
  if (in.number() != kCataloguedMark) return malformed_block("is none");
  CertificateBlock block{.facts = unpack_facts(in), .leaf = {}, .key = {}, .response = {}};
  block.leaf = in.block();
  block.key = in.block();
  block.response = in.block();
  if (!in.is_complete()) return malformed_block("is cut short or has something behind it");
  return block;
}

Secret encode_chain(const ServedParts& parts) {
  Packer out;
  out.number(kChainMark);
  out.size(parts.above.size());
  for (const auto& der : parts.above) out.block(der);
  return std::move(out).take();
}

Result<std::vector<crypto::Certificate>> decode_chain(std::span<const std::byte> bytes) {
  Unpacker in(bytes);
  if (in.number() != kChainMark) return malformed_block("has no chain");
  std::vector<crypto::Certificate> chain;
  for (std::uint32_t left = in.count(); left > 0 && !in.failed(); --left) {
    auto certificate = crypto::Certificate::parse_der(in.block());
    if (!certificate) return pass(std::move(certificate));
    chain.push_back(*std::move(certificate));
  }
  if (!in.is_complete()) return malformed_block("has a chain that is cut short");
  return chain;
}

std::uint64_t hash_of(std::string_view name) {
  const auto digest = crypto::sha256(std::as_bytes(std::span(name)));
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash == 0 ? 1 : hash;
}

}  // namespace ccm::publication
