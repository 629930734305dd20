#include "lifecycle/schedule.h"

#include <algorithm>
#include <cstdint>

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Seconds kShortest = 1s;
constexpr Seconds kLongestBetweenResponses = 24h;
constexpr Seconds kFirstRetry = 5s;
constexpr Seconds kRetryCeiling = 1h;
constexpr Seconds kRefusalCeiling = 6h;
// Added to a Retry-After, so that what was throttled together does not return together.
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

enum class Purpose : std::uint64_t { renewal, check, throttle, retry };

// A share of `span`, from nothing up to all but a little of it.
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

Seconds back_off(ErrorKind kind, unsigned attempts, Seconds ceiling) noexcept {
  if (kind == ErrorKind::internal || kind == ErrorKind::unauthorized) return ceiling;
  constexpr unsigned kMostDoublings = 20;
  const unsigned doublings = std::min(attempts == 0 ? 0 : attempts - 1, kMostDoublings);
  return std::min(ceiling, kFirstRetry * (1 << doublings));
}

}  // namespace

Time renewal_time(const config::RenewalWindow& window, Time not_before, Time not_after,
                  std::string_view seed) {
  const Seconds lifetime = std::max(Seconds::zero(), not_after - not_before);
  const Seconds length = length_of(window, lifetime);
  const Seconds wait = lifetime - length;
  // Jitter takes at most half of the time that is to pass.
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
  const Seconds delay = back_off(error.kind(), attempts, ceiling);
  const Seconds shortened = delay - share_of(delay / 4, seed, Purpose::retry, attempts);
  Time time = now + std::max(kShortest, shortened);
  if (const auto minimum = error.retry_after()) {
    const Seconds spread = std::min(*minimum / 10, kLongestSpread);
    // `now` is a whole second that may be nearly over.
    Seconds wait = *minimum + 1s + share_of(spread, seed, Purpose::throttle, attempts);
    // The first day of what the gate refused: something better may come before.
    if (error.kind() == ErrorKind::invalid) wait = std::min(wait, ceiling);
    time = std::max(time, now + wait);
  }
  return time;
}

}  // namespace ccm::lifecycle
