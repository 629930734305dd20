// SPDX-License-Identifier: Apache-2.0
#include "config/values/duration.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "base/text.h"
#include "config/sentences.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

struct Unit {
  char letter;
  std::uint64_t seconds;
};

// Largest first, the order in which they must be written.
constexpr std::array<Unit, 7> kUnits{{{'y', 365ULL * 86400},
                                      {'M', 30ULL * 86400},
                                      {'w', 7ULL * 86400},
                                      {'d', 86400},
                                      {'h', 3600},
                                      {'m', 60},
                                      {'s', 1}}};
// Larger than any useful duration, and far from an overflow.
constexpr std::uint64_t kLongest = 100ULL * 365 * 86400;

Failure not_a_duration(std::string_view text) {
  return fail(
      ErrorKind::invalid,
      fmt::format("{} is not a duration; write a number with a unit (s, m or min, h, d, w, M, y), "
                  "such as 12h, 30d or 1h30m",
                  in_quotes(text)));
}

Failure too_long(std::string_view text) {
  return fail(ErrorKind::invalid,
              fmt::format("{} is too long; the longest duration is 100y", in_quotes(text)));
}

// The letter of the unit that the word stands for; 0 for none.
char letter_of(std::string_view word) {
  const std::string lower = to_lower(word);
  if (lower == "min" || lower == "mi") return 'm';
  if (word.size() != 1) return 0;
  return word == "M" ? 'M' : lower[0];
}

}  // namespace

Result<Seconds> parse_duration(std::string_view text) {
  if (text.empty()) return not_a_duration(text);
  std::uint64_t total = 0;
  std::size_t unit = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view digits = rest.substr(0, rest.find_first_not_of(kDigits));
    rest.remove_prefix(digits.size());
    const std::string_view word = rest.substr(0, rest.find_first_of(kDigits));
    rest.remove_prefix(word.size());

    // A number alone counts seconds, but in "1h30" it is unclear what 30 means.
    const char letter = digits.size() == text.size() ? 's' : letter_of(word);
    while (unit < kUnits.size() && kUnits[unit].letter != letter) ++unit;
    if (digits.empty() || unit == kUnits.size()) return not_a_duration(text);
    const auto amount = parse_unsigned(digits);
    if (!amount || *amount > kLongest / kUnits[unit].seconds) return too_long(text);
    total += *amount * kUnits[unit].seconds;
    ++unit;
  }
  if (total > kLongest) return too_long(text);
  return Seconds(static_cast<Seconds::rep>(total));
}

Result<RenewalWindow> parse_renewal_window(std::string_view text) {
  if (text.ends_with('%')) {
    const auto percent = parse_unsigned(text.substr(0, text.size() - 1));
    if (!percent || *percent < 1 || *percent > 99) {
      return fail(
          ErrorKind::invalid,
          fmt::format("{} is not a share of the lifetime; write 1% to 99%", in_quotes(text)));
    }
    return RenewalWindow(LifetimeShare{static_cast<unsigned>(*percent)});
  }
  auto duration = parse_duration(text);
  if (!duration || *duration == Seconds::zero()) {
    return fail(
        ErrorKind::invalid,
        fmt::format("{} is not a time before the end of a certificate; write a share of its "
                    "lifetime such as 33% or a duration such as 30d",
                    in_quotes(text)));
  }
  return RenewalWindow(*duration);
}

std::string to_string(Seconds duration) {
  std::string text;
  auto rest = static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : kUnits) {
    // Days are the largest unit, because nobody who writes 90d thinks of months.
    if (unit.seconds > 86400 || rest < unit.seconds) continue;
    text += fmt::format("{}{}", rest / unit.seconds, unit.letter);
    rest %= unit.seconds;
  }
  return text.empty() ? "0s" : text;
}

std::string to_string(const RenewalWindow& window) {
  if (const auto* share = std::get_if<LifetimeShare>(&window)) {
    return fmt::format("{}%", share->percent);
  }
  return to_string(std::get<Seconds>(window));
}

}  // namespace ccm::config
