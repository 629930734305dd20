// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/last_second.h"
#include "base/packing.h"
#include "base/text.h"
#include "crypto/certificate/pem.h"
#include "crypto/digest.h"
#include "store/keyed_record.h"

namespace ccm::fleet {
namespace {

constexpr std::string_view kNoResponse = "-";

Failure not_ours(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("{} is not what this release writes", what));
}

std::string decimal_of(std::uint64_t number) {
  return fmt::format("{}", number);
}

std::uint64_t number_in(const Record& record, std::string_view key) {
  return parse_unsigned(record.find(key).value_or("")).value_or(0);
}

}  // namespace

FleetKeys FleetKeys::clone() const {
  FleetKeys copy{.keys = {}, .entry = entry, .entry_modified = entry_modified};
  for (const crypto::SealingKey& key : keys) {
    copy.keys.push_back({.id = key.id, .key = key.key.clone()});
  }
  return copy;
}

bool FleetKeys::knows(std::string_view id) const noexcept {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const crypto::SealingKey& key) { return key.id == id; });
}

bool FleetKeys::has_same_ids(const FleetKeys& other) const noexcept {
  return std::equal(keys.begin(), keys.end(), other.keys.begin(), other.keys.end(),
                    [](const auto& one, const auto& same) { return one.id == same.id; });
}

Result<std::string> FleetKeys::seal(std::string_view place, const Secret& text) const {
  if (keys.empty()) {
    return fail(ErrorKind::transient, "the fleet's keys have not been read from etcd yet");
  }
  return crypto::seal(keys.front(), place, text);
}

Result<Secret> FleetKeys::unseal(std::string_view place, std::string_view sealed) const {
  const Result<std::string> id = crypto::sealing_key_id(sealed);
  if (!id) return fail(id.error());
  const auto key = std::find_if(keys.begin(), keys.end(),
                                [&](const crypto::SealingKey& each) { return each.id == *id; });
  if (key != keys.end()) return crypto::unseal(*key, place, sealed);
  return fail(ErrorKind::invalid,
              fmt::format("it is sealed with the key {}, which this host has not", printable(*id)));
}

const Head::Version* Head::find(store::VersionNumber number) const noexcept {
  const auto found = std::find_if(versions.begin(), versions.end(),
                                  [&](const Version& each) { return each.number == number; });
  return found == versions.end() ? nullptr : &*found;
}

Head::Version* Head::find(store::VersionNumber number) noexcept {
  return const_cast<Version*>(std::as_const(*this).find(number));
}

std::string response_digest(std::span<const std::byte> response) {
  return response.empty() ? std::string() : crypto::to_hex(crypto::sha256(response));
}

std::string serialize(const Head& head) {
  Record record;
  record.add("sequence", decimal_of(head.sequence));
  record.add("current", decimal_of(head.current));
  record.add("highest", decimal_of(head.highest));
  for (const Head::Version& version : head.versions) {
    record.add("version", fmt::format("{} {} {}", version.number, version.fingerprint,
                                      version.response.empty() ? kNoResponse : version.response));
  }
  return record.serialize();
}

Result<Head> parse_head(std::string_view text) {
  const Result<Record> record = Record::parse(text);
  if (!record) return fail(record.error());
  Head head{.sequence = number_in(*record, "sequence"),
            .current = number_in(*record, "current"),
            .highest = number_in(*record, "highest")};
  for (const std::string_view line : record->find_all("version")) {
    const std::vector<std::string_view> words = split(line, ' ');
    const auto number = parse_unsigned(words.front());
    if (words.size() != 3 || !number || *number == 0 || *number > head.highest) {
      return not_ours("the list of versions");
    }
    head.versions.push_back(
        {.number = *number,
         .fingerprint = std::string(words[1]),
         .response = words[2] == kNoResponse ? std::string() : std::string(words[2])});
  }
  const bool is_sound =
      head.versions.empty() ? head.current == 0 : head.find(head.current) != nullptr;
  if (head.sequence == 0 || !is_sound) {
    return not_ours("the list of versions");
  }
  return head;
}

Result<Secret> serialize(const crypto::Bundle& bundle, const store::VersionInfo& info) {
  store::KeyedRecord keyed{{}, bundle.key()};
  keyed.record.add("number", decimal_of(info.number));
  keyed.record.add("installed_at", fmt::format("{}", info.installed_at.time_since_epoch().count()));
  keyed.record.add("origin", info.origin);
  keyed.record.add("rules", decimal_of(info.rules));
  keyed.record.add("chain", crypto::to_pem(bundle.chain()));
  return store::serialize(keyed);
}

Result<store::StoredCertificate> parse_version(const Secret& text) {
  Result<store::KeyedRecord> keyed = store::parse_keyed_record(text);
  if (!keyed) return pass(std::move(keyed));
  const Record& record = keyed->record;
  const auto installed_at = record.find_number("installed_at");
  auto chain = crypto::parse_certificates_pem(record.find("chain").value_or(""));
  if (!chain) return pass(std::move(chain));
  if (chain->empty() || !keyed->key || !installed_at) return not_ours("a version");
  Result<crypto::Bundle> bundle =
      crypto::Bundle::restore(*std::move(chain), *std::move(keyed->key));
  if (!bundle) return pass(std::move(bundle));
  if (Result<void> fits = crypto::check_publishable(*bundle); !fits) return pass(std::move(fits));
  const crypto::Certificate& leaf = bundle->leaf();
  store::VersionInfo info{.number = number_in(record, "number"),
                          .installed_at = Time(Seconds(*installed_at)),
                          .not_before = leaf.not_before(),
                          .not_after = leaf.not_after(),
                          .fingerprint = leaf.fingerprint(),
                          .serial = leaf.serial(),
                          .origin = std::string(record.find("origin").value_or("")),
                          .rules = static_cast<unsigned>(number_in(record, "rules"))};
  return store::StoredCertificate{.bundle = *std::move(bundle), .info = std::move(info)};
}

Secret serialize(const Secret& value, std::uint64_t version) {
  Packer packer;
  packer.block(decimal_of(version));
  packer.block(value.bytes());
  return std::move(packer).take();
}

Result<store::StoredRecord> parse_stored_record(const Secret& text) {
  Unpacker unpacker(text.bytes());
  const auto version = parse_unsigned(unpacker.text());
  store::StoredRecord record{.value = Secret::copy_of(unpacker.block()),
                             .version = version.value_or(0)};
  if (!unpacker.is_complete() || record.version == 0) return not_ours("a record");
  return record;
}

Secret serialize(const Letter& letter) {
  Packer packer;
  packer.block(decimal_of(static_cast<std::uint64_t>(letter.left.time_since_epoch().count())));
  packer.block(letter.text.bytes());
  return std::move(packer).take();
}

Result<Letter> parse_letter(const Secret& text) {
  Unpacker unpacker(text.bytes());
  const auto left = parse_unsigned(unpacker.text());
  Letter letter{.text = Secret::copy_of(unpacker.block()),
                .left = Time(Seconds(static_cast<std::int64_t>(left.value_or(0))))};
  if (!unpacker.is_complete() || !left || *left > static_cast<std::uint64_t>(kLastSecond))
    return not_ours("a request");
  return letter;
}

}  // namespace ccm::fleet
