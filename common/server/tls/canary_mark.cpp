// SPDX-License-Identifier: Apache-2.0
#include "server/tls/canary_mark.h"

#include <sys/random.h>

#include <optional>

namespace ccm::server {
namespace {

// A mark is
//   0                          nothing
//   kDrawn | number << 2       it has drawn this number
//   kIgnored | number << 2     the same, and its end does not count
//   kFollowed | lane | …       it is counted in the lane with this address, a multiple of 64; with
//                              kIsCandidate or without, and kCompleted once the handshake is done
constexpr std::uintptr_t kDrawn = 1;
constexpr std::uintptr_t kIgnored = 2;
constexpr std::uintptr_t kKind = 3;
constexpr std::uintptr_t kFollowed = 3;
constexpr std::uintptr_t kCompleted = 4;
constexpr std::uintptr_t kIsCandidate = 8;
constexpr std::uintptr_t kLaneBits = ~std::uintptr_t{63};
constexpr unsigned kNumbers = 100;

int mark_index = -1;

// xorshift64* (Vigna, 2014), seeded once for each thread. A guess of the next number gives no
// advantage: a client that wants to fail with one of the two versions sees which one it is shown.
unsigned any_number() noexcept {
  thread_local std::uint64_t state = 0;
  if (state == 0 && getrandom(&state, sizeof state, GRND_NONBLOCK) != sizeof state) {
    state = reinterpret_cast<std::uintptr_t>(&state);
  }
  state |= state == 0 ? 1U : 0U;
  state ^= state >> 12U;
  state ^= state << 25U;
  state ^= state >> 27U;
  return static_cast<unsigned>(((state * 0x2545f4914f6cdd1dULL) >> 32U) % kNumbers);
}

std::optional<CanaryCount> reason_for(Count failure) noexcept {
  switch (failure) {
    case Count::got_bad_certificate:
      return CanaryCount::bad_certificate;
    case Count::got_certificate_expired:
      return CanaryCount::certificate_expired;
    case Count::got_certificate_unknown:
      return CanaryCount::certificate_unknown;
    case Count::got_unknown_ca:
      return CanaryCount::unknown_ca;
    case Count::got_other:
      return CanaryCount::client_other;
    case Count::sent_handshake_failure:
    case Count::sent_protocol_version:
    case Count::sent_other:
      return CanaryCount::server_alert;
    default:
      return std::nullopt;
  }
}

bool is_about_certificate(CanaryCount reason) noexcept {
  return reason >= CanaryCount::bad_certificate && reason <= CanaryCount::unknown_ca;
}

CanaryMark::Lane* lane_in(std::uintptr_t mark) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a mark is a number that may have an address in it
  return (mark & kKind) == kFollowed ? reinterpret_cast<CanaryMark::Lane*>(mark & kLaneBits)
                                     : nullptr;
}

}  // namespace

void CanaryMark::prepare() noexcept {
  if (mark_index < 0) mark_index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
}

CanaryMark CanaryMark::of(const SSL* ssl) noexcept {
  return CanaryMark(ssl);
}

std::uintptr_t CanaryMark::read() const noexcept {
  if (mark_index < 0) return 0;
  return reinterpret_cast<std::uintptr_t>(SSL_get_ex_data(ssl_, mark_index));
}

// OpenSSL gives its callbacks a connection that they may not change, except for this value.
void CanaryMark::write(std::uintptr_t value) const noexcept {
  if (mark_index < 0) return;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): OpenSSL only keeps it
  SSL_set_ex_data(const_cast<SSL*>(ssl_), mark_index, reinterpret_cast<void*>(value));
}

unsigned CanaryMark::draw() const noexcept {
  const std::uintptr_t mark = read();
  // This is a second hello: show the same side again.
  if ((mark & kKind) == kFollowed) return (mark & kIsCandidate) != 0 ? 0 : kNumbers - 1;
  if (mark != 0) return static_cast<unsigned>(mark >> 2U);
  const unsigned number = any_number();
  write(kDrawn | std::uintptr_t{number} << 2U);
  return number;
}

bool CanaryMark::is_drawn() const noexcept {
  return (read() & kKind) == kDrawn;
}

void CanaryMark::follow(Lane* lane, bool is_candidate) const noexcept {
  if (lane == nullptr) {
    write((read() & ~kKind) | kIgnored);
    return;
  }
  lane->add(CanaryCount::shown);
  write(reinterpret_cast<std::uintptr_t>(lane) | kFollowed | (is_candidate ? kIsCandidate : 0));
}

void CanaryMark::has_completed() const noexcept {
  const std::uintptr_t mark = read();
  Lane* lane = lane_in(mark);
  if (lane == nullptr || (mark & kCompleted) != 0) return;
  lane->add(CanaryCount::completed);
  write(mark | kCompleted);
}

void CanaryMark::has_failed(Count failure) const noexcept {
  const std::uintptr_t mark = read();
  Lane* lane = lane_in(mark);
  const auto reason = reason_for(failure);
  if (lane == nullptr || !reason) return;
  const bool has_completed = (mark & kCompleted) != 0;
  if (has_completed && !is_about_certificate(*reason)) return;
  lane->add(*reason);
  if (has_completed) lane->add(CanaryCount::returned);
  write(kIgnored);
}

}  // namespace ccm::server
