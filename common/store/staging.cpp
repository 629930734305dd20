// SPDX-License-Identifier: Apache-2.0
#include "store/staging.h"

#include <fmt/format.h>

#include "base/text.h"

namespace ccm::store {
namespace {

constexpr std::string_view kStagedKind = "staged";
constexpr std::string_view kStagedVersion = "version";

}  // namespace

VersionNumber staged_version(const StoreReader& store, const std::string& name) {
  const auto stored = store.read_record(name, kStagedKind);
  if (!stored || !*stored) return 0;
  const auto record = Record::parse((*stored)->value.reveal());
  if (!record) return 0;
  const VersionNumber version =
      parse_unsigned(record->find(kStagedVersion).value_or("")).value_or(0);
  return version > store.current_version(name) ? version : 0;
}

Result<void> stage(Store& store, const Lease& lease, const std::string& name,
                   VersionNumber version) {
  const auto stored = store.read_record(name, kStagedKind);
  const std::uint64_t expected = stored && *stored ? (*stored)->version : 0;
  Record record;
  record.add(kStagedVersion, fmt::format("{}", version));
  auto written = store.write_record(
      lease, name, kStagedKind, Secret::copy_of(std::string_view(record.serialize())), expected);
  if (!written) return pass(std::move(written));
  return {};
}

Result<void> unstage(Store& store, const Lease& lease, const std::string& name) {
  return store.remove_record(lease, name, kStagedKind);
}

}  // namespace ccm::store
