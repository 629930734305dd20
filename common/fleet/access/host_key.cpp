// SPDX-License-Identifier: Apache-2.0
#include "fleet/access/host_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"
#include "crypto/certificate/pem_block.h"
#include "crypto/key/sealed_box.h"

namespace ccm::fleet {
namespace {

constexpr crypto::KeyType kHostKeyType{.algorithm = crypto::KeyAlgorithm::ecdsa, .bits = 256};
constexpr std::string_view kPemBegin = "-----BEGIN";
constexpr std::string_view kRequestWord = "ccm-host";
constexpr std::size_t kFleetKeyDigits = 32;
constexpr std::size_t kLongestHostName = 253;

// The characters of host names, and others that people use in names of hosts.
bool is_host_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kLongestHostName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

Failure no_host_name() {
  return fail(ErrorKind::invalid,
              "a host's name in the fleet is 1 to 253 letters, digits, \".\", \"_\" or \"-\"");
}

Failure not_a_host_key(std::string_view problem) {
  return fail(ErrorKind::invalid,
              fmt::format("it is not a host's key of a fleet: {}; `ccmctl fleet init` and `ccmctl "
                          "fleet join` make one",
                          problem));
}

}  // namespace

bool is_fleet_key_id(std::string_view text) noexcept {
  return text.size() == kFleetKeyDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<HostKey> make_host_key(const std::string& name) {
  if (!is_host_name(name)) return no_host_name();
  auto key = crypto::KeyPair::generate(kHostKeyType);
  if (!key) return pass(std::move(key));
  return HostKey{.key = *std::move(key), .name = name};
}

Result<HostKey> parse_host_key(const Secret& text) {
  const std::string_view all = text.reveal();
  const std::size_t begin = all.find(kPemBegin);
  if (begin == std::string_view::npos) return not_a_host_key("there is no private key in it");
  const auto record = Record::parse(all.substr(0, begin));
  if (!record) return not_a_host_key("the lines before the private key are not \"word: value\"");
  const std::string name(record->find("name").value_or(""));
  const std::string fleet_key(record->find("fleet-key").value_or(""));
  if (!is_host_name(name)) return not_a_host_key("its \"name\" is missing or no name");
  if (!fleet_key.empty() && !is_fleet_key_id(fleet_key)) {
    return not_a_host_key("its \"fleet-key\" is no id of a key");
  }
  auto key = crypto::KeyPair::parse_pem(all.substr(begin));
  if (!key) return not_a_host_key("its private key cannot be read");
  if (key->type() != kHostKeyType) {
    return not_a_host_key("its private key is not on P-256");
  }
  return HostKey{.key = *std::move(key), .name = name, .fleet_key = fleet_key};
}

Result<Secret> serialize(const HostKey& host) {
  Result<Secret> pem = host.key.to_pem();
  if (!pem) return pem;
  Record record;
  record.add("name", host.name);
  if (!host.fleet_key.empty()) record.add("fleet-key", host.fleet_key);
  std::string text = record.serialize();
  text += pem->reveal();
  return Secret::taken_from(text);
}

Result<std::string> join_request_of(const HostKey& host) {
  const Result<std::string> half = crypto::public_half(host.key);
  if (!half) return half;
  return fmt::format("{} {} {}", kRequestWord, host.name,
                     crypto::encode_base64(std::as_bytes(std::span(*half))));
}

Result<JoinRequest> parse_join_request(std::string_view text) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(trim(text), ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  const auto wrong = [](std::string_view problem) {
    return fail(ErrorKind::invalid, fmt::format("it is not what `ccmctl fleet join` prints on the "
                                                "new host: {}; carry that line over as it is",
                                                problem));
  };
  if (words.size() != 3 || words[0] != kRequestWord) {
    return wrong("that is \"ccm-host NAME PUBLIC_KEY\"");
  }
  if (!is_host_name(words[1])) return no_host_name();
  const Result<Secret> half = crypto::decode_base64(words[2]);
  if (!half || half->empty()) return wrong("the public key is not whole");
  JoinRequest request{.name = std::string(words[1]), .public_half = std::string(half->reveal())};
  if (!crypto::close_box(request.public_half, "join", Secret::copy_of(std::string_view("x")))) {
    return wrong("the public key is none on P-256");
  }
  return request;
}

}  // namespace ccm::fleet
