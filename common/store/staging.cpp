// SPDX-License-Identifier: Apache-2.0
#include "store/staging.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace ccm::store {
namespace {

constexpr std::string_view kStagedVersion = "version";
constexpr std::string_view kCanarySince = "canary_since";

struct Staged {
  VersionNumber version = 0;  // 0: none
  std::optional<Time> canary_since;
};

Staged staged_of(const StoreReader& store, const std::string& name) {
  const auto stored = store.read_record(name, kStagedKind);
  if (!stored || !*stored) return {};
  const auto record = Record::parse((*stored)->value.reveal());
  if (!record) return {};
  const VersionNumber version =
      parse_unsigned(record->find(kStagedVersion).value_or("")).value_or(0);
  if (version <= store.current_version(name)) return {};
  Staged staged{.version = version, .canary_since = std::nullopt};
  if (const auto since = record->find_number(kCanarySince)) {
    staged.canary_since = Time(Seconds(*since));
  }
  return staged;
}

Result<void> write_staged(Store& store, const Lease& lease, const std::string& name,
                          const Staged& staged) {
  const auto stored = store.read_record(name, kStagedKind);
  const std::uint64_t expected = stored && *stored ? (*stored)->version : 0;
  Record record;
  record.add(kStagedVersion, fmt::format("{}", staged.version));
  if (staged.canary_since) {
    record.add(kCanarySince, fmt::format("{}", staged.canary_since->time_since_epoch().count()));
  }
  auto written = store.write_record(
      lease, name, kStagedKind, Secret::copy_of(std::string_view(record.serialize())), expected);
  if (!written) return pass(std::move(written));
  return {};
}

}  // namespace

VersionNumber staged_version(const StoreReader& store, const std::string& name) {
  return staged_of(store, name).version;
}

Result<void> stage(Store& store, const Lease& lease, const std::string& name,
                   VersionNumber version) {
  return write_staged(store, lease, name, {.version = version, .canary_since = std::nullopt});
}

std::optional<Canary> staged_canary(const StoreReader& store, const std::string& name) {
  const Staged staged = staged_of(store, name);
  if (staged.version == 0 || !staged.canary_since) return std::nullopt;
  return Canary{.version = staged.version, .since = *staged.canary_since};
}

Result<void> begin_canary(Store& store, const Lease& lease, const std::string& name,
                          const Canary& canary) {
  return write_staged(store, lease, name,
                      {.version = canary.version, .canary_since = canary.since});
}

Result<void> unstage(Store& store, const Lease& lease, const std::string& name) {
  return store.remove_record(lease, name, kStagedKind);
}

}  // namespace ccm::store
