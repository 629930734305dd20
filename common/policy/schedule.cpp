// SPDX-License-Identifier: Apache-2.0
#include "policy/schedule.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/backoff.h"

namespace ccm::policy {
namespace {

using namespace std::chrono_literals;

constexpr Seconds kShortest = 1s;
constexpr Seconds kLongestBetweenResponses = 24h;
constexpr Seconds kFirstRetry = 5s;
constexpr Seconds kRetryCeiling = 1h;
constexpr Seconds kRefusalCeiling = kLongestRetry;
// Added to a Retry-After, so that requests that were throttled together do not return together.
constexpr Seconds kLongestSpread = 1min;

// 0 … 2^16-1, the same on every machine and in every release: FNV-1a with a finishing mix.
constexpr std::int64_t kFractionScale = 1 << 16;
std::int64_t fraction_of(std::string_view seed, std::uint64_t salt) noexcept {
  std::uint64_t hash = 14695981039346656037ULL ^ (salt * 0x9E3779B97F4A7C15ULL);
  for (const char c : seed) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  hash ^= hash >> 33U;
  hash *= 0xFF51AFD7ED558CCDULL;
  return static_cast<std::int64_t>(hash >> 48U);
}

// For looks near the end of a certificate, and after it.
constexpr Seconds kLastDay = 24h;
constexpr Seconds kOnTheLastDay = 10min;
constexpr Seconds kSoonAfterTheEnd = 5s;
constexpr Seconds kAfterTheEnd = 5min;
constexpr Seconds kCostlyAfterTheEnd = 2h;
constexpr Seconds kWithoutCertificate = 1h;
// Between two certificates of an authority that grants too short a validity.
constexpr Seconds kBetweenIssuances = 4h;

enum class Purpose : std::uint64_t { renewal, check, throttle, retry };

// A share of `span`: from nothing to almost all of it.
Seconds share_of(Seconds span, std::string_view seed, Purpose purpose,
                 unsigned round = 0) noexcept {
  const std::int64_t fraction =
      fraction_of(seed, static_cast<std::uint64_t>(purpose) + 4ULL * round);
  return Seconds(span.count() * fraction / kFractionScale);
}

Seconds length_of(const config::RenewalWindow& window, Seconds lifetime) noexcept {
  if (const auto* share = std::get_if<config::LifetimeShare>(&window)) {
    return lifetime * share->percent / 100;
  }
  const Seconds wanted = std::get<Seconds>(window);
  return wanted < lifetime ? wanted : lifetime / 2;
}

Seconds ceiling_for(ErrorKind kind, Seconds check_interval) noexcept {
  return std::max(kShortest, std::min(check_interval, kind == ErrorKind::invalid ? kRefusalCeiling
                                                                                 : kRetryCeiling));
}

Seconds first_delay(ErrorKind kind, Seconds ceiling) noexcept {
  const bool waits_long = kind == ErrorKind::internal || kind == ErrorKind::unauthorized;
  return waits_long ? ceiling : kFirstRetry;
}

// The delay of the row, shortened by up to a quarter.
Seconds jittered(const Backoff& backoff, unsigned attempts, std::string_view seed) noexcept {
  const auto delay = std::chrono::floor<Seconds>(backoff.delay(attempts));
  return delay - share_of(delay / 4, seed, Purpose::retry, attempts);
}

}  // namespace

Time renewal_time(const config::RenewalWindow& window, Time not_before, Time not_after,
                  std::string_view seed) {
  const Seconds lifetime = std::max(Seconds::zero(), not_after - not_before);
  const Seconds length = length_of(window, lifetime);
  const Seconds wait = lifetime - length;
  // Jitter takes at most half of the remaining wait.
  const Seconds jitter = std::min(length / 10, wait / 2);
  return not_before + wait - share_of(jitter, seed, Purpose::renewal);
}

Time next_check(Seconds interval, Time now, std::string_view seed) {
  return now + std::max(kShortest, interval - share_of(interval / 10, seed, Purpose::check));
}

Time next_response(Time begin, Time end, std::string_view seed) {
  const Seconds wait = std::min((end - begin) / 2, kLongestBetweenResponses);
  return begin + wait - share_of(wait / 10, seed, Purpose::check);
}

Time retry_time(const Error& error, unsigned attempts, Seconds check_interval, Time now,
                std::string_view seed) {
  if (error.kind() == ErrorKind::rejected) return next_check(check_interval, now, seed);
  const Seconds ceiling = ceiling_for(error.kind(), check_interval);
  const Backoff backoff{.first = first_delay(error.kind(), ceiling), .longest = ceiling};
  Seconds wait = std::max(kShortest, jittered(backoff, attempts, seed));
  if (const auto minimum = error.retry_after()) {
    const Seconds least = std::min(*minimum, kLongestRetry);
    const Seconds spread = std::min(least / 10, kLongestSpread);
    // `now` is a whole second that may be nearly over.
    Seconds asked = least + 1s + share_of(spread, seed, Purpose::throttle, attempts);
    // The first day of a certificate that the gate refused. Something better may come earlier.
    if (error.kind() == ErrorKind::invalid) asked = std::min(asked, ceiling);
    wait = std::max(wait, asked);
  }
  return now + std::min(wait, kLongestRetry);
}

Time reissue_time(unsigned attempts, Time now, std::string_view seed) {
  constexpr Backoff kBackoff{.first = kFirstRetry, .longest = kRefusalCeiling, .factor = 4};
  return now + jittered(kBackoff, attempts, seed);
}

Time latest_look(std::optional<Time> end, Look look, Time now) {
  const bool is_costly = look == Look::costly;
  if (!end) return now + (is_costly ? kRefusalCeiling : kWithoutCertificate);
  const Seconds left = *end - now;
  if (left > Seconds::zero()) {
    Seconds wait = is_costly ? left / 2 : left / 10;
    if (!is_costly && left <= kLastDay) wait = std::min(wait, kOnTheLastDay);
    return now + std::max(kShortest, wait);
  }
  if (is_costly) return now + kCostlyAfterTheEnd;
  return now + std::clamp(-left / 10, kSoonAfterTheEnd, kAfterTheEnd);
}

Time paced_renewal(Time due, const Issuance& issuance, const config::RenewalWindow& window,
                   std::string_view seed) {
  const Seconds left = issuance.end - issuance.obtained;
  if (left <= Seconds::zero()) return due;
  const Seconds meant =
      renewal_time(window, issuance.obtained, issuance.obtained + issuance.asked, seed) -
      issuance.obtained;
  const Seconds least = std::min(kBetweenIssuances, left * 2 / 3);
  if (due - issuance.obtained >= std::min(meant / 2, least)) return due;
  return issuance.obtained + std::min(meant, std::max(left / 2, least));
}

}  // namespace ccm::policy
