// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/certificate_facts.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "crypto/certificate/alternative_names.h"
#include "crypto/certificate/asn1_time.h"
#include "crypto/certificate/pem_block.h"
#include "crypto/certificate/serial_text.h"
#include "crypto/digest.h"
#include "crypto/openssl_handles.h"

namespace ccm::crypto {
namespace {

using Der = std::span<const std::byte>;
using AlgorithmHandle = Handle<X509_ALGOR, X509_ALGOR_free>;
using IntegerHandle = Handle<ASN1_INTEGER, ASN1_INTEGER_free>;
using TimeHandle = Handle<ASN1_TIME, ASN1_TIME_free>;

using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;

void free_extensions(X509_EXTENSIONS* extensions) noexcept {
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}
using ExtensionsHandle = Handle<X509_EXTENSIONS, free_extensions>;

struct Element {
  int tag = 0;
  int tag_class = 0;
  Der whole;
  Der content;
};

// The elements of a sequence, one after the other.
class Elements {
 public:
  explicit Elements(Der bytes) : rest_(bytes) {}

  // The next element, without taking it. nullopt: there is none, or it is cut short.
  std::optional<Element> peek() const {
    const auto* begin = reinterpret_cast<const unsigned char*>(rest_.data());
    const auto* content = begin;
    long size = 0;
    Element element;
    const int flags = ASN1_get_object(&content, &size, &element.tag, &element.tag_class,
                                      static_cast<long>(rest_.size()));
    // 0x80: an error; 1: an indefinite length, which DER does not have.
    if ((flags & 0x81) != 0) return std::nullopt;
    const auto head = static_cast<std::size_t>(content - begin);
    element.whole = rest_.first(head + static_cast<std::size_t>(size));
    element.content = element.whole.subspan(head);
    return element;
  }
  std::optional<Element> take() {
    auto element = peek();
    if (element) rest_ = rest_.subspan(element->whole.size());
    return element;
  }
  // The content of the next element, which must be a sequence.
  Elements enter() {
    const auto element = take();
    const bool is_sequence = element && element->tag == V_ASN1_SEQUENCE;
    return Elements(is_sequence ? element->content : Der());
  }
  bool is_empty() const noexcept { return rest_.empty(); }

 private:
  Der rest_;
};

// Parses one element with a function of OpenSSL; nullptr when that fails.
template <typename Object, typename Parse>
Object parse(const std::optional<Element>& element, Parse parse_der) {
  if (!element) return Object();
  const auto* position = reinterpret_cast<const unsigned char*>(element->whole.data());
  return Object(parse_der(nullptr, &position, static_cast<long>(element->whole.size())));
}

unsigned bits_of_number(Der bytes) {
  while (!bytes.empty() && bytes.front() == std::byte{0}) bytes = bytes.subspan(1);
  if (bytes.empty()) return 0;
  const auto first = std::to_integer<unsigned>(bytes.front());
  return static_cast<unsigned>(8 * (bytes.size() - 1)) +
         static_cast<unsigned>(std::bit_width(first));
}

// The modulus of an RSAPublicKey (RFC 8017 section A.1.1).
KeyType rsa_type(Der key) {
  Elements numbers = Elements(key).enter();
  const auto modulus = numbers.take();
  return {KeyAlgorithm::rsa, modulus ? bits_of_number(modulus->content) : 0};
}

KeyType ec_type(const X509_ALGOR* algorithm) {
  int kind = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &kind, &value, algorithm);
  const int curve = kind == V_ASN1_OBJECT ? OBJ_obj2nid(static_cast<const ASN1_OBJECT*>(value)) : 0;
  switch (curve) {
    case NID_X9_62_prime256v1:
      return {KeyAlgorithm::ecdsa, 256};
    case NID_secp384r1:
      return {KeyAlgorithm::ecdsa, 384};
    case NID_secp521r1:
      return {KeyAlgorithm::ecdsa, 521};
    default:
      return {KeyAlgorithm::other, 0};
  }
}

// A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
std::optional<KeyType> key_type_in(Elements info) {
  const auto algorithm = parse<AlgorithmHandle>(info.take(), d2i_X509_ALGOR);
  const auto key = info.take();
  // The first byte of a bit string says how many bits of its last byte are unused.
  if (algorithm == nullptr || !key || key->tag != V_ASN1_BIT_STRING || key->content.empty()) {
    return std::nullopt;
  }
  const ASN1_OBJECT* name = nullptr;
  X509_ALGOR_get0(&name, nullptr, nullptr, algorithm.get());
  switch (OBJ_obj2nid(name)) {
    case NID_rsaEncryption:
      return rsa_type(key->content.subspan(1));
    case NID_X9_62_id_ecPublicKey:
      return ec_type(algorithm.get());
    default:
      return KeyType{KeyAlgorithm::other, 0};
  }
}

bool read_validity(Elements validity, ServingFacts& facts) {
  const auto from = parse<TimeHandle>(validity.take(), d2i_ASN1_TIME);
  const auto to = parse<TimeHandle>(validity.take(), d2i_ASN1_TIME);
  const auto begin = to_time(from.get());
  const auto end = to_time(to.get());
  facts.not_before = begin.value_or(Time());
  facts.not_after = end.value_or(Time());
  return begin && end;
}

// Those of this kind alone: parsing all of them takes longer than everything else here.
ExtensionsHandle alternative_names_in(Elements extensions) {
  // 2.5.29.17 (RFC 5280 section 4.2.1.6).
  constexpr std::array kKind{std::byte{0x55}, std::byte{0x1d}, std::byte{0x11}};
  ExtensionsHandle found(sk_X509_EXTENSION_new_null());
  while (const auto each = extensions.take()) {
    const auto kind = Elements(each->content).peek();
    if (!kind ||
        !std::equal(kind->content.begin(), kind->content.end(), kKind.begin(), kKind.end()))
      continue;
    auto parsed = parse<ExtensionHandle>(each, d2i_X509_EXTENSION);
    if (parsed == nullptr || sk_X509_EXTENSION_push(found.get(), parsed.get()) <= 0) return {};
    static_cast<void>(parsed.release());
  }
  return found;
}

// What follows the public key: two identifiers that nobody uses, and the extensions as [3].
void read_extensions(Elements rest, ServingFacts& facts) {
  constexpr int kExtensions = 3;
  while (const auto element = rest.take()) {
    if (element->tag_class != V_ASN1_CONTEXT_SPECIFIC || element->tag != kExtensions) continue;
    const auto extensions = alternative_names_in(Elements(element->content).enter());
    facts.names = read_alternative_names(extensions.get());
  }
}

// A TBSCertificate (RFC 5280 section 4.1) from its signature's algorithm on.
bool read_facts(Elements body, ServingFacts& facts) {
  body.take();  // the signature's algorithm
  body.take();  // the issuer
  if (!read_validity(body.enter(), facts)) return false;
  body.take();  // the subject
  const auto key_type = key_type_in(body.enter());
  if (!key_type) return false;
  facts.key_type = *key_type;
  read_extensions(body, facts);
  return true;
}

struct Parts {
  std::optional<Element> serial;
  Elements rest;  // what follows it
};

// The TBSCertificate of the only certificate in DER; without a serial when there is none.
Parts take_apart(Der der) {
  Elements outermost(der);
  Elements body = outermost.enter().enter();
  if (!outermost.is_empty()) return {.serial = {}, .rest = Elements({})};
  const auto first = body.peek();
  if (first && first->tag_class == V_ASN1_CONTEXT_SPECIFIC) body.take();  // the version
  auto serial = body.take();
  return {.serial = serial, .rest = body};
}

Failure not_a_certificate() {
  return fail(ErrorKind::invalid, "not an X.509 certificate");
}

}  // namespace

Result<ServingFacts> read_serving_facts(std::span<const std::byte> der) {
  ServingFacts facts;
  const bool is_read = read_facts(take_apart(der).rest, facts);
  drain_openssl_errors();
  if (!is_read) return not_a_certificate();
  return facts;
}

Result<CertificateFacts> read_certificate_facts(std::span<const std::byte> der) {
  CertificateFacts facts;
  const Parts parts = take_apart(der);
  const auto serial = parse<IntegerHandle>(parts.serial, d2i_ASN1_INTEGER);
  const bool is_read = serial != nullptr && read_facts(parts.rest, facts);
  if (is_read) facts.serial = serial_text(serial.get());
  drain_openssl_errors();
  if (!is_read) return not_a_certificate();
  facts.fingerprint = to_hex(sha256(der));
  return facts;
}

Result<CertificateFacts> read_certificate_facts(std::string_view pem) {
  constexpr std::string_view kNotOne = "the PEM text does not hold exactly one certificate";
  const auto block = next_pem_block(pem);
  if (!block || !block->ended || block->label != "CERTIFICATE" || next_pem_block(pem)) {
    return fail(ErrorKind::invalid, std::string(kNotOne));
  }
  const Result<Secret> der = decode_base64(block->body);
  if (!der) return fail(der.error());
  return read_certificate_facts(der->bytes());
}

}  // namespace ccm::crypto
