// SPDX-License-Identifier: Apache-2.0
#include "publication/codec.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/packing.h"
#include "crypto/certificate/certificate_facts.h"
#include "crypto/certificate/ocsp.h"
#include "publication/layout.h"

namespace ccm::publication {
namespace {

// Mark (4) | flags (4) | count (4) | count × certificate | key | OCSP response; each of the last
// three kinds as length (4) and DER (base/packing.h).
constexpr std::uint32_t kMark = 0x314d4343;  // "CCM1"
constexpr std::uint32_t kPlaceholderFlag = 1;
static_assert(kHeadSize == 3 * kPackedNumberSize);
constexpr std::uint32_t kMostCertificates = crypto::kMostPublishedCertificates;
static_assert(kHeadSize + (kMostCertificates + 2) * kPackedNumberSize +
                      crypto::kMostPublishedBytes + crypto::kMostOcspResponse <=
                  kBufferSize,
              "what may be installed must fit, whatever is stapled to it");

using Bytes = std::span<const std::byte>;

Failure malformed(std::string_view problem) {
  return fail(ErrorKind::invalid, fmt::format("the published value {}", problem));
}

std::size_t block_size(Bytes block) noexcept {
  return kPackedNumberSize + block.size();
}

Result<std::vector<crypto::Certificate>> decode_certificates(Unpacker& in, std::uint32_t count) {
  std::vector<crypto::Certificate> certificates;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Bytes der = in.block();
    if (in.failed()) return malformed("is cut short");
    auto certificate = crypto::Certificate::parse_der(der);
    if (!certificate) return fail_with(std::move(certificate), "the published value");
    certificates.push_back(*std::move(certificate));
  }
  return certificates;
}

}  // namespace

Result<Secret> encode(const Published& published) {
  if (Result<void> fits = crypto::check_publishable(published.bundle); !fits) {
    return pass(std::move(fits));
  }
  auto key = published.bundle.key().to_der();
  if (!key) return key;
  std::size_t size = kHeadSize + block_size(key->bytes()) + block_size(published.ocsp_response);
  std::vector<std::vector<std::byte>> chain;
  for (const crypto::Certificate& certificate : published.bundle.chain()) {
    chain.push_back(certificate.to_der());
    size += block_size(chain.back());
  }
  Packer out(size);
  out.number(kMark);
  out.number(published.is_placeholder ? kPlaceholderFlag : 0);
  out.size(chain.size());
  for (const auto& der : chain) out.block(der);
  out.block(key->bytes());
  out.block(published.ocsp_response);
  return std::move(out).take();
}

Result<Published> decode(std::span<const std::byte> bytes) {
  Unpacker in(bytes);
  const std::uint32_t mark = in.number();
  const std::uint32_t flags = in.number();
  const std::uint32_t count = in.number();
  if (in.failed() || mark != kMark) return malformed("is none");
  if ((flags & ~kPlaceholderFlag) != 0) return malformed("has unknown flags");
  if (count == 0 || count > kMostCertificates) return malformed("has no sensible chain");

  auto certificates = decode_certificates(in, count);
  if (!certificates) return pass(std::move(certificates));
  const Bytes key_der = in.block();
  const Bytes ocsp = in.block();
  if (!in.is_complete()) return malformed("is cut short or has something behind it");
  auto key = crypto::KeyPair::parse_der(key_der);
  if (!key) return fail_with(std::move(key), "the published value");
  auto bundle = crypto::Bundle::restore(*std::move(certificates), *std::move(key));
  if (!bundle) return fail_with(std::move(bundle), "the published value");
  return Published{.bundle = *std::move(bundle),
                   .ocsp_response = {ocsp.begin(), ocsp.end()},
                   .is_placeholder = flags == kPlaceholderFlag};
}

Result<ServedParts> take_apart(std::span<const std::byte> bytes) {
  Unpacker in(bytes);
  const bool is_marked = in.number() == kMark;
  in.number();  // the flags
  const std::uint32_t count = in.number();
  if (!is_marked || count == 0 || count > kMostCertificates) return malformed("is none");
  ServedParts parts{.leaf = in.block(), .above = {}, .key = {}, .response = {}};
  for (std::uint32_t i = 1; i < count; ++i) parts.above.push_back(in.block());
  parts.key = in.block();
  parts.response = in.block();
  if (!in.is_complete()) return malformed("is cut short or has something behind it");
  return parts;
}

Result<Shown> show(std::span<const std::byte> bytes) {
  Unpacker in(bytes);
  const bool is_marked = in.number() == kMark;
  const std::uint32_t flags = in.number();
  const std::uint32_t count = in.number();
  if (!is_marked || count == 0 || count > kMostCertificates) return malformed("is none");
  const Bytes leaf_der = in.block();
  for (std::uint32_t i = 1; i < count; ++i) in.block();
  in.block();  // the key
  const Bytes ocsp = in.block();
  if (!in.is_complete()) return malformed("is cut short or has something behind it");
  // It was parsed when it was published.
  auto leaf = crypto::read_certificate_facts(leaf_der);
  if (!leaf) return fail_with(std::move(leaf), "the published value");
  return Shown{.serial = std::move(leaf->serial),
               .not_after = leaf->not_after,
               .staple_end = ocsp.empty() ? Time{} : crypto::ocsp_response_end(ocsp),
               .is_placeholder = flags == kPlaceholderFlag};
}

bool is_placeholder(std::span<const std::byte> head) noexcept {
  Unpacker in(head);
  return in.number() == kMark && (in.number() & kPlaceholderFlag) != 0;
}

}  // namespace ccm::publication
