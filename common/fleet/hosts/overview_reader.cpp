// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/overview_reader.h"

#include <fmt/format.h>

#include <utility>

#include "base/packing.h"
#include "base/text.h"
#include "store/host/fleet_note.h"

namespace ccm::fleet {

Secret serialize(const SentOverview& sent) {
  Packer packer;
  packer.block(fmt::format("{}", sent.known_to));
  packer.block(encode(sent.overview));
  return std::move(packer).take();
}

Result<SentOverview> parse_sent_overview(const Secret& text) {
  Unpacker unpacker(text.bytes());
  const auto known_to = parse_unsigned(unpacker.text());
  auto overview = decode_fleet_overview(unpacker.text());
  if (!unpacker.is_complete() || !known_to || !overview) {
    return fail(ErrorKind::invalid, "the overview is not what this release writes");
  }
  return SentOverview{.overview = *std::move(overview), .known_to = *known_to};
}

void OverviewReader::take_in(const EtcdItem& item, const FleetKeys& keys) {
  const Result<Secret> text = keys.unseal(item.key, item.value);
  const auto sent = text ? parse_sent_overview(*text) : Result<SentOverview>(fail(text.error()));
  if (item.modified == taken_in_) return;
  if (!sent || sent->known_to < taken_in_) {
    const std::string problem =
        sent ? "it is older than what was there before" : sent.error().message();
    if (std::exchange(problem_, problem) != problem) {
      log_.warn("etcd: {} changes nothing here: {}", item.key, problem);
    }
    return;
  }
  problem_.clear();
  taken_in_ = item.modified;
  static_cast<void>(store::write_fleet_overview(state_path_, sent->overview));
}

}  // namespace ccm::fleet
