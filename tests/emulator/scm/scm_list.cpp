// SPDX-License-Identifier: Apache-2.0
// ListCertificates: filters, order and pages of SCM (API reference 4.1.5.1).
#include <algorithm>

#include "scm/scm_handlers.h"
#include "scm/scm_records.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator::scm {
namespace {

constexpr std::int64_t kStrictOffset = 100;

bool fits_status(const json& record, const std::string& wanted) {
  if (wanted.empty() || wanted == "ALL") return true;
  const auto actual = record["status"].get<std::string>();
  // The sources spell revoked and revoking in four ways.
  if (wanted == "REVOKEING") return actual.starts_with("REVOK");
  if (wanted == "REVOKE" || wanted == "REVOKED") return actual == "REVOKE" || actual == "REVOKED";
  return actual == wanted;
}

// The documented filter "expired_days_since": still valid, or expired at most so many days ago.
bool fits_expiry(const json& record, std::int64_t days, std::int64_t now) {
  return record["not_after_ms"].is_null() || record["not_after_ms"] >= now - days * kDayMs;
}

bool fits_content(const json& record, const std::string& content) {
  return contains(record["name"].get<std::string>(), content) ||
         contains(record["domain"].get<std::string>(), content);
}

bool fits_filters(const Call& call, const json& record, const char* status_field) {
  if (!fits_status(record, call.text(status_field).value_or("ALL"))) return false;
  if (call.flag("deploy_support", false) && record["deploy_support"] != true) return false;
  if (!fits_content(record, call.text("content").value_or(""))) return false;
  const std::string project = call.text("enterprise_project_id").value_or("all");
  if (project != "all" && !project.empty() && record["enterprise_project_id"] != project) {
    return false;
  }
  const std::int64_t days = call.number("expired_days_since", -1);
  return days < 0 || fits_expiry(record, days, call.world.clock.now_ms());
}

void sort_records(const Call& call, std::vector<json>& records) {
  const std::string key = call.text("sort_key").value_or("certUpdateTime");
  const bool ascending = call.text("sort_dir").value_or("DESC") == "ASC";
  const char* field = key == "certExpiredTime" ? "not_after_ms"
                      : key == "certStatus"    ? "status"
                                               : "update_ms";
  // The identifier makes the order total, so that pages neither repeat nor lose a record.
  const auto before = [field](const json& left, const json& right) {
    return left[field] != right[field] ? left[field] < right[field] : left["id"] < right["id"];
  };
  std::sort(records.begin(), records.end(), [&](const json& left, const json& right) {
    return ascending ? before(left, right) : before(right, left);
  });
}

}  // namespace

std::vector<json> chosen_records(Call& call, const char* status_field) {
  std::vector<json> records = scm_records(call.world, call.caller.domain_id);
  std::erase_if(records,
                [&](const json& record) { return !fits_filters(call, record, status_field); });
  sort_records(call, records);
  return records;
}

Reply list_certificates(Call& call) {
  const std::int64_t limit = call.number("limit", 10);
  const std::int64_t offset = call.number("offset", 0);
  if (offset > kStrictOffset && call.world.options.flag("strict_paging")) {
    throw Refusal("SCM.0005", "offset must be within 0 and 100.");
  }
  const std::vector<json> records = chosen_records(call, "status");
  json page = json::array();
  const auto total = static_cast<std::int64_t>(records.size());
  for (std::int64_t at = offset; at < std::min(total, offset + limit); ++at) {
    page.push_back(scm_list_view(records[static_cast<std::size_t>(at)]));
  }
  return json_reply(200, {{"certificates", std::move(page)}, {"total_count", total}});
}

}  // namespace emulator::scm
