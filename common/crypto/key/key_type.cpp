// SPDX-License-Identifier: Apache-2.0
#include "crypto/key/key_type.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"

namespace ccm::crypto {
namespace {

struct Spelling {
  std::string_view text;
  KeyType type;
};

constexpr std::array<Spelling, 7> kSpellings{{
    {"rsa", {KeyAlgorithm::rsa, 2048}},
    {"rsa:2048", {KeyAlgorithm::rsa, 2048}},
    {"rsa:3072", {KeyAlgorithm::rsa, 3072}},
    {"rsa:4096", {KeyAlgorithm::rsa, 4096}},
    {"ecdsa", {KeyAlgorithm::ecdsa, 256}},
    {"ecdsa:256", {KeyAlgorithm::ecdsa, 256}},
    {"ecdsa:384", {KeyAlgorithm::ecdsa, 384}},
}};

}  // namespace

Result<KeyType> parse_key_type(std::string_view text) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.text == text) return spelling.type;
  }
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is not a key type; use rsa:2048, rsa:3072, rsa:4096, ecdsa:256 "
                          "or ecdsa:384",
                          printable(text)));
}

std::string to_string(KeyType type) {
  switch (type.algorithm) {
    case KeyAlgorithm::rsa:
      return fmt::format("rsa:{}", type.bits);
    case KeyAlgorithm::ecdsa:
      return fmt::format("ecdsa:{}", type.bits);
    case KeyAlgorithm::other:
      break;
  }
  return "other";
}

}  // namespace ccm::crypto
