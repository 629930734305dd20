// SPDX-License-Identifier: Apache-2.0
#include "cli/cloud/permissions.h"

#include <fmt/format.h>

#include <algorithm>

namespace ccm::cli {
namespace {

std::vector<sources::SourceVariant> all_variants() {
  std::vector<sources::SourceVariant> variants;
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    variants.insert(variants.end(), driver->variants.begin(), driver->variants.end());
  }
  return variants;
}

void add_need(const sources::CloudNeed& call, std::vector<Need>& needs) {
  const auto operation = cloud::find_operation(call.operation);
  if (!operation) return;
  const bool is_there = std::any_of(needs.begin(), needs.end(),
                                    [&](const Need& each) { return each.operation == *operation; });
  if (!is_there) needs.push_back({*operation, &call});
}

}  // namespace

std::vector<std::string_view> variant_names() {
  std::vector<std::string_view> names;
  for (const sources::SourceVariant& variant : all_variants()) names.push_back(variant.name);
  return names;
}

std::string variants_in_words(std::string_view last, bool has_notes) {
  const auto variants = all_variants();
  std::string text;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    if (i > 0) text += i + 1 == variants.size() ? last : ", ";
    text += variants[i].name;
    if (has_notes && !variants[i].note.empty()) text += fmt::format(" ({})", variants[i].note);
  }
  return text;
}

std::vector<std::string_view> usual_variants() {
  std::vector<std::string_view> names;
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    if (!driver->variants.empty()) names.push_back(driver->variants.front().name);
  }
  return names;
}

std::string_view variant_of(const config::SourceSpec& source) {
  return sources::driver_of(source).variant_of(source);
}

std::vector<Need> needs_of(const SourceVariants& variants) {
  std::vector<Need> needs;
  for (const sources::SourceDriver* driver : sources::source_drivers()) {
    for (const sources::CloudNeed& call : driver->needs) {
      if (variants.contains(call.variant)) add_need(call, needs);
    }
  }
  return needs;
}

std::vector<std::string_view> beyond_actions(const SourceVariants& variants) {
  std::vector<std::string_view> sentences;
  for (const sources::SourceVariant& variant : all_variants()) {
    const bool is_meant = variants.contains(variant.name);
    if (is_meant && !variant.beyond_actions.empty()) sentences.push_back(variant.beyond_actions);
  }
  return sentences;
}

std::vector<std::string> actions_of(const std::vector<Need>& needs) {
  std::set<std::string> actions;
  for (const Need& need : needs) actions.emplace(need.operation->iam_action);
  return {actions.begin(), actions.end()};
}

}  // namespace ccm::cli
