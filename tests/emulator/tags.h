// SPDX-License-Identifier: Apache-2.0
// Tags as SCM and PCA keep them: an object of key and value in the record's member "tags".
// Called under World's lock.
#pragma once

#include <string>
#include <vector>

#include "json.h"

namespace emulator {

inline constexpr std::size_t kMostTags = 20;  // of one resource

json tags_of(const json& record);
// [{"key", "value"}], as a resource's tags are shown.
json tag_list(const json& record);
// [{"key", "values": [...]}], as all tags of an account are shown.
json domain_tags(const std::vector<json>& records);

// What a search asks for; each member is a list of {"key", "values": [...]}.
struct TagSearch {
  json all = json::array();      // every key must match, values of one key are alternatives
  json any = json::array();      // one key must match
  json not_all = json::array();  // not every key may match
  json not_any = json::array();  // no key may match
  bool without_any_tag = false;  // only untagged resources; the rest is ignored
};
bool fits(const TagSearch& search, const json& record);

// Letters, digits, space and _ . : = + - @ of any script, no space at the ends.
bool is_tag_text(const std::string& text);

}  // namespace emulator
