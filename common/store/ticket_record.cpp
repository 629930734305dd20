// SPDX-License-Identifier: Apache-2.0
#include "store/ticket_record.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "base/packing.h"

namespace ccm::store {
namespace {

constexpr std::string_view kTicketMark = "ccm-ticket-keys-1\n";
constexpr std::size_t kTicketSecretSize = policy::kTicketMacKeySize + policy::kTicketCipherKeySize;
constexpr unsigned kBitsOfANumber = 32;

Failure no_ticket_keys() {
  return fail(ErrorKind::invalid, "the ticket keys are damaged");
}

}  // namespace

Secret serialize_ticket_keys(const policy::TicketKeys& keys) {
  if (keys.empty()) return {};
  Packer packer;
  packer.raw(kTicketMark);
  packer.size(keys.size());
  for (const policy::TicketKey& key : keys) {
    packer.raw(std::span<const std::byte>(key.name));
    packer.block(key.secret.bytes());
    const auto from = static_cast<std::uint64_t>(key.from.time_since_epoch().count());
    packer.number(static_cast<std::uint32_t>(from));
    packer.number(static_cast<std::uint32_t>(from >> kBitsOfANumber));
  }
  return std::move(packer).take();
}

Result<policy::TicketKeys> parse_ticket_keys(const Secret& text) {
  policy::TicketKeys keys;
  if (text.empty()) return keys;
  Unpacker unpacker(text.bytes());
  if (unpacker.text(kTicketMark.size()) != kTicketMark) return no_ticket_keys();
  const std::uint32_t count = unpacker.count();
  if (count == 0 || count > policy::kMostTicketKeys) return no_ticket_keys();
  for (std::uint32_t i = 0; i < count; ++i) {
    policy::TicketKey key;
    const auto name = unpacker.raw(key.name.size());
    key.secret = Secret::copy_of(unpacker.block());
    const std::uint64_t low = unpacker.number();
    const std::uint64_t high = unpacker.number();
    if (unpacker.failed() || key.secret.size() != kTicketSecretSize) return no_ticket_keys();
    std::copy(name.begin(), name.end(), key.name.begin());
    // Later times, which are nonsense, are refused, so that nothing that is added to a time
    // overflows.
    constexpr std::uint64_t kLatest = std::uint64_t{1} << 40U;
    const std::uint64_t from = low | high << kBitsOfANumber;
    if (from > kLatest) return no_ticket_keys();
    key.from = Time(Seconds(static_cast<Seconds::rep>(from)));
    if (!keys.empty() && key.from < keys.back().from) return no_ticket_keys();
    keys.push_back(std::move(key));
  }
  if (!unpacker.is_complete()) return no_ticket_keys();
  return keys;
}

Result<StoredTicketKeys> read_ticket_keys(const StoreReader& store) {
  const auto stored = store.read_record(kStoreWide, kTicketKeys);
  if (!stored) return fail(stored.error());
  if (!*stored) return StoredTicketKeys{};
  auto keys = parse_ticket_keys((*stored)->value);
  if (!keys) return pass(std::move(keys));
  return StoredTicketKeys{*std::move(keys), (*stored)->version};
}

Result<void> write_ticket_keys(Store& store, const Lease& lease, const policy::TicketKeys& keys,
                               std::uint64_t expected) {
  if (keys.empty()) return store.remove_record(lease, kStoreWide, kTicketKeys);
  auto written =
      store.write_record(lease, kStoreWide, kTicketKeys, serialize_ticket_keys(keys), expected);
  if (!written) return pass(std::move(written));
  return {};
}

}  // namespace ccm::store
