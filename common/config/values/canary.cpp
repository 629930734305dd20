// SPDX-License-Identifier: Apache-2.0
#include "config/values/canary.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/values/duration.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

Result<unsigned> parse_canary_share(std::string_view text) {
  const bool is_share = text.ends_with('%');
  const auto number = parse_unsigned(text.substr(0, text.size() - (is_share ? 1 : 0)));
  if (!is_share || !number || *number < 1 || *number > kLargestCanaryShare) {
    return wrong(
        text, fmt::format("is no share of the handshakes; write 1% to {}%", kLargestCanaryShare));
  }
  return static_cast<unsigned>(*number);
}

}  // namespace

Result<CanaryPlan> parse_canary(const std::vector<std::string>& arguments) {
  // As one word in quotes or as two.
  const std::string text = join(arguments, " ");
  std::vector<std::string_view> words = split(text, ' ');
  std::erase(words, std::string_view());
  if (words.empty() || words.size() > 2) {
    return wrong(text, "is no canary; write a time and a share, such as 5min 10%, or off");
  }
  if (words.size() == 1 && words[0] == "off") return CanaryPlan();
  auto time = parse_duration(words[0]);
  if (!time) return pass(std::move(time));
  if (*time < kShortestCanary || *time > kLongestCanary) {
    return wrong(words[0], fmt::format("is no time for a canary; write {} to {}",
                                       to_string(kShortestCanary), to_string(kLongestCanary)));
  }
  CanaryPlan plan{.time = *time};
  if (words.size() == 1) return plan;
  auto percent = parse_canary_share(words[1]);
  if (!percent) return pass(std::move(percent));
  plan.percent = *percent;
  return plan;
}

std::string to_string(const CanaryPlan& plan) {
  if (!plan.is_set()) return "off";
  return fmt::format("{} {}%", to_string(plan.time), plan.percent);
}

}  // namespace ccm::config
