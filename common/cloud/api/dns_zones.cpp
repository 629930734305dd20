// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/dns_zones.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cloud/api/api_id.h"
#include "cloud/reply/json.h"

namespace ccm::cloud {
namespace {

constexpr std::size_t kMostText = 255;  // bytes of a text (RFC 1035 section 3.3)
constexpr std::string_view kTextType = "TXT";
constexpr std::string_view kPerPage = "500";
// Error codes of the service.
constexpr std::string_view kConflict = "DNS.0312";
constexpr std::string_view kNoSet = "DNS.0313";

std::string dns_key(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return to_lower(name);
}

// The name itself and the domains above it, the nearest first. A domain of one label has no zone.
std::vector<std::string> zones_above(std::string name) {
  std::vector<std::string> names;
  while (name.find('.') != name.npos) {
    names.push_back(name);
    name.erase(0, name.find('.') + 1);
  }
  return names;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text.remove_prefix(1);
  text.remove_suffix(1);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

Result<std::string> body_of(const DnsSet& set) {
  JsonObject body;
  body.set("name", fmt::format("{}.", set.name)).set("type", set.type);
  body.set_number("ttl", set.seconds).set_texts("records", set.records);
  return body.dump();
}

std::string sets_path(const DnsZone& zone) {
  return fmt::format("/v2/zones/{}/recordsets", zone.id);
}

std::string set_path(const DnsZone& zone, const DnsSet& set) {
  return fmt::format("{}/{}", sets_path(zone), set.id);
}

DnsSet read_set(const JsonView& value) {
  DnsSet set{.id = value["id"].text(),
             .name = dns_key(value["name"].text()),
             .type = value["type"].text(),
             .records = {},
             .status = value["status"].text()};
  set.seconds = value["ttl"].integer().value_or(set.seconds);
  for (const JsonView record : value["records"].elements()) set.records.push_back(record.text());
  return set;
}

std::string about(std::string_view what, const DnsSet& set) {
  return fmt::format("{} the {} record {} at Huawei Cloud DNS", what, set.type, set.name);
}

}  // namespace

bool DnsSet::holds(const std::string& value) const {
  return std::any_of(records.begin(), records.end(), [&](const std::string& record) {
    return type == kTextType ? unquoted(record) == value : dns_key(record) == dns_key(value);
  });
}

Result<std::string> to_dns_record(const std::string& type, const std::string& value) {
  if (type != kTextType) return fmt::format("{}.", dns_key(value));
  if (value.size() > kMostText || value != printable(value)) {
    return fail(ErrorKind::invalid, fmt::format("the value \"{}\" does not fit into a TXT record",
                                                printable(cut(value, kMostText))));
  }
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

Result<Secret> DnsZones::call(const DnsCall& call, std::string method, std::string path,
                              Query query, std::string body) const {
  return session_.call({.method = std::move(method),
                        .endpoint = endpoint_,
                        .path = std::move(path),
                        .query = std::move(query),
                        .body = std::move(body),
                        .iam_action = call.action,
                        .operation = std::string(call.operation)});
}

Result<DnsZone> DnsZones::find_zone(const std::string& name) const {
  const std::string activity = fmt::format("look for the zone of {} at Huawei Cloud DNS", name);
  for (const std::string& domain : zones_above(dns_key(name))) {
    auto answer = call(kListZones, "GET", "/v2/zones",
                       {{"type", "public"},
                        {"name", domain},
                        {"search_mode", "equal"},
                        {"limit", std::string(kPerPage)}});
    if (!answer) return fail_with(std::move(answer), activity);
    const auto document = JsonDocument::parse(answer->reveal());
    if (!document) return fail(ErrorKind::transient, activity + ": the answer is no JSON");
    for (const JsonView value : (*document)["zones"].elements()) {
      DnsZone zone{.id = value["id"].text(),
                   .name = dns_key(value["name"].text()),
                   .status = value["status"].text()};
      if (zone.name != domain || !is_api_id(zone.id)) continue;
      const bool is_served = zone.status == "ACTIVE" || zone.status.starts_with("PENDING");
      if (is_served) return zone;
      return fail(ErrorKind::rejected,
                  fmt::format("the zone {} is {} at Huawei Cloud DNS, so nobody gets its records",
                              zone.name, printable(zone.status)));
    }
  }
  return fail(ErrorKind::rejected,
              fmt::format("no public zone of this account at Huawei Cloud DNS has the name {} in "
                          "it; create the zone there, or let issue_dns name the credentials of "
                          "the account that has it",
                          name));
}

Result<std::vector<DnsSet>> DnsZones::sets_at(const DnsZone& zone, const std::string& name) const {
  const std::string activity = fmt::format("look for records of {} at Huawei Cloud DNS", name);
  auto answer = call(
      kListSets, "GET", sets_path(zone),
      {{"name", dns_key(name) + "."}, {"search_mode", "equal"}, {"limit", std::string(kPerPage)}});
  if (!answer) return fail_with(std::move(answer), activity);
  const auto document = JsonDocument::parse(answer->reveal());
  if (!document) return fail(ErrorKind::transient, activity + ": the answer is no JSON");
  std::vector<DnsSet> sets;
  for (const JsonView value : (*document)["recordsets"].elements()) {
    DnsSet set = read_set(value);
    if (set.name == dns_key(name) && is_api_id(set.id)) sets.push_back(std::move(set));
  }
  return sets;
}

Result<void> DnsZones::create(const DnsZone& zone, const DnsSet& set) const {
  Result<std::string> body = body_of(set);
  if (!body) return fail_with(std::move(body), about("add", set));
  auto answer = call(kCreateSet, "POST", sets_path(zone), {}, *std::move(body));
  if (answer) return {};
  // Somebody else has added one in the meantime, or the removed one has not quite gone.
  const bool is_early = answer.error().code() == kConflict;
  if (is_early)
    return fail(ErrorKind::transient, about("add", set) + ": " + answer.error().message());
  return fail_with(std::move(answer), about("add", set));
}

Result<void> DnsZones::update(const DnsZone& zone, const DnsSet& set) const {
  Result<std::string> body = body_of(set);
  if (!body) return fail_with(std::move(body), about("change", set));
  auto answer = call(kUpdateSet, "PUT", set_path(zone, set), {}, *std::move(body));
  if (!answer) return fail_with(std::move(answer), about("change", set));
  return {};
}

Result<void> DnsZones::remove(const DnsZone& zone, const DnsSet& set) const {
  auto answer = call(kDeleteSet, "DELETE", set_path(zone, set), {});
  if (answer || answer.error().code() == kNoSet) return {};
  return fail_with(std::move(answer), about("remove", set));
}

}  // namespace ccm::cloud
