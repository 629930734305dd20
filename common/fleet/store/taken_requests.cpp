// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/taken_requests.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.h"
#include "store/store_reader.h"

namespace ccm::fleet {
namespace {

constexpr std::string_view kTakenPrefix = "taken-";
constexpr std::string_view kTakenField = "taken";

}  // namespace

Result<TakenRequests> TakenRequests::parse(const Secret& text) {
  const Result<Record> record = Record::parse(text.reveal());
  if (!record) return fail(record.error());
  TakenRequests requests;
  for (const std::string_view line : record->find_all(kTakenField)) {
    const std::vector<std::string_view> words = split(line, ' ');
    const auto at = words.size() == 2 ? parse_unsigned(words[1]) : std::nullopt;
    if (!at) return fail(ErrorKind::invalid, "it is no list of requests that were taken");
    requests.add(std::string(words[0]), Time(Seconds(static_cast<std::int64_t>(*at))));
  }
  return requests;
}

Secret TakenRequests::serialize() const {
  Record record;
  for (const auto& [id, at] : taken_) {
    record.add(kTakenField, fmt::format("{} {}", id, at.time_since_epoch().count()));
  }
  return Secret::copy_of(std::string_view(record.serialize()));
}

void TakenRequests::forget_old(Time now) {
  std::erase_if(taken_, [&](const auto& each) { return now - each.second > kKept; });
}

std::string taken_kind(std::string_view id) {
  return fmt::format("{}{}", kTakenPrefix, id.substr(0, 1));
}

bool is_taken_kind(std::string_view name, std::string_view kind) noexcept {
  return name == store::kStoreWide && kind.size() == kTakenPrefix.size() + 1 &&
         kind.starts_with(kTakenPrefix);
}

}  // namespace ccm::fleet
