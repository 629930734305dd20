// SPDX-License-Identifier: Apache-2.0
#include "pca/pca_page.h"

#include <algorithm>

#include "pca/pca_records.h"
#include "text.h"

namespace emulator {
namespace {

json sort_value(const json& view, const std::string& key) {
  if (key == "common_name") return common_name_of(view);
  if (key == "ca_type" || key == "type") return view["type"];
  return view[key];
}

}  // namespace

Reply pca_page(const Call& call, std::vector<json> views, const char* list_name) {
  const auto status = call.text("status");
  const std::string name = call.text("name").value_or("");
  std::erase_if(views, [&](const json& view) {
    return (status && view["status"] != *status) || !contains(common_name_of(view), name);
  });
  const std::string key = call.text("sort_key").value_or("create_time");
  const bool ascending = call.text("sort_dir").value_or("DESC") == "ASC";
  std::stable_sort(views.begin(), views.end(), [&](const json& left, const json& right) {
    const json first = sort_value(ascending ? left : right, key);
    const json second = sort_value(ascending ? right : left, key);
    return first != second ? first < second
                           : (ascending ? left : right)["serial_number"] <
                                 (ascending ? right : left)["serial_number"];
  });
  const auto total = static_cast<std::int64_t>(views.size());
  const std::int64_t offset = call.number("offset", 0);
  const std::int64_t end = std::min(total, offset + call.number("limit", 10));
  json page = json::array();
  for (std::int64_t at = offset; at < end; ++at) {
    page.push_back(std::move(views[static_cast<std::size_t>(at)]));
  }
  return json_reply(200, {{"total", total}, {list_name, std::move(page)}});
}

}  // namespace emulator
