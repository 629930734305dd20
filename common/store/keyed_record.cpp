// SPDX-License-Identifier: Apache-2.0
#include "store/keyed_record.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace ccm::store {
namespace {

constexpr std::string_view kKeyMark = "\n\n";

Secret concatenate(std::string_view head, std::string_view tail) {
  Secret whole = Secret::of_size(head.size() + tail.size());
  const std::span<std::byte> bytes = whole.mutable_bytes();
  const auto to_byte = [](char c) { return static_cast<std::byte>(c); };
  const auto middle = std::transform(head.begin(), head.end(), bytes.begin(), to_byte);
  std::transform(tail.begin(), tail.end(), middle, to_byte);
  return whole;
}

}  // namespace

Result<Secret> serialize(const KeyedRecord& keyed) {
  const std::string head = keyed.record.serialize() + "\n";
  if (!keyed.key) return concatenate(head, {});
  Result<Secret> key = keyed.key->to_pem();
  if (!key) return key;
  return concatenate(head, key->reveal());
}

Result<KeyedRecord> parse_keyed_record(const Secret& text) {
  const std::string_view whole = text.reveal();
  const std::size_t mark = whole.find(kKeyMark);
  if (mark == std::string_view::npos) {
    return fail(ErrorKind::invalid, "it has no end of its header");
  }
  Result<Record> record = Record::parse(whole.substr(0, mark));
  if (!record) return pass(std::move(record));
  KeyedRecord keyed{*std::move(record), std::nullopt};
  const std::string_view pem = whole.substr(mark + kKeyMark.size());
  if (pem.empty()) return keyed;
  Result<crypto::KeyPair> key = crypto::KeyPair::parse_pem(pem);
  if (!key) return pass(std::move(key));
  keyed.key = *std::move(key);
  return keyed;
}

}  // namespace ccm::store
