// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schedule/hold.h"

#include <fmt/format.h>

#include "base/text.h"

namespace ccm::lifecycle {
namespace {

constexpr std::string_view kHoldKind = "hold";

constexpr std::string_view kHeldVersion = "version";
constexpr std::string_view kRefusedCanary = "refused_canary";

store::VersionNumber number_in_hold(const store::StoreReader& store, const std::string& name,
                                    std::string_view key) {
  const auto stored = store.read_record(name, kHoldKind);
  if (!stored || !*stored) return 0;
  const auto record = Record::parse((*stored)->value.reveal());
  if (!record) return 0;
  return parse_unsigned(record->find(key).value_or("")).value_or(0);
}

}  // namespace

store::VersionNumber held_version(const store::StoreReader& store, const std::string& name) {
  return number_in_hold(store, name, kHeldVersion);
}

store::VersionNumber refused_canary(const store::StoreReader& store, const std::string& name) {
  return number_in_hold(store, name, kRefusedCanary);
}

Result<void> hold(store::Store& store, const store::Lease& lease, const std::string& name,
                  store::VersionNumber version, store::VersionNumber refused) {
  const auto stored = store.read_record(name, kHoldKind);
  const std::uint64_t expected = stored && *stored ? (*stored)->version : 0;
  Record record;
  record.add(kHeldVersion, fmt::format("{}", version));
  if (refused != 0) record.add(kRefusedCanary, fmt::format("{}", refused));
  auto written = store.write_record(
      lease, name, kHoldKind, Secret::copy_of(std::string_view(record.serialize())), expected);
  if (!written) return pass(std::move(written));
  return {};
}

Result<void> release(store::Store& store, const store::Lease& lease, const std::string& name) {
  return store.remove_record(lease, name, kHoldKind);
}

}  // namespace ccm::lifecycle
