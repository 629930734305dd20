// SPDX-License-Identifier: Apache-2.0
#include "tags.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "text.h"

namespace emulator {
namespace {

bool has_tag(const json& tags, const json& wanted) {
  const auto key = wanted.at("key").get<std::string>();
  if (!tags.contains(key)) return false;
  const json values = wanted.value("values", json::array());
  return values.empty() || std::find(values.begin(), values.end(), tags[key]) != values.end();
}

bool every(const json& tags, const json& wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const json& each) { return has_tag(tags, each); });
}

bool some(const json& tags, const json& wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const json& each) { return has_tag(tags, each); });
}

}  // namespace

json tags_of(const json& record) {
  return record.value("tags", json::object());
}

json tag_list(const json& record) {
  json list = json::array();
  const json tags = tags_of(record);
  for (const auto& [key, value] : tags.items()) list.push_back({{"key", key}, {"value", value}});
  return list;
}

json domain_tags(const std::vector<json>& records) {
  std::map<std::string, std::set<std::string>> values;
  for (const json& record : records) {
    const json tags = tags_of(record);
    for (const auto& [key, value] : tags.items()) values[key].insert(value.get<std::string>());
  }
  json list = json::array();
  for (const auto& [key, known] : values) list.push_back({{"key", key}, {"values", known}});
  return list;
}

bool fits(const TagSearch& search, const json& record) {
  const json tags = tags_of(record);
  if (search.without_any_tag) return tags.empty();
  return every(tags, search.all) && (search.any.empty() || some(tags, search.any)) &&
         (search.not_all.empty() || !every(tags, search.not_all)) && !some(tags, search.not_any);
}

bool is_tag_text(const std::string& text) {
  return trim(text) == text && std::all_of(text.begin(), text.end(), [](unsigned char character) {
           return character >= 0x80 || std::isalnum(character) != 0 ||
                  std::string(" _.:=+-@").find(static_cast<char>(character)) != std::string::npos;
         });
}

}  // namespace emulator
