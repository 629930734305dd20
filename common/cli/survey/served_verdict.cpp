// SPDX-License-Identifier: Apache-2.0
#include "cli/survey/served_verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "crypto/certificate/chain.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/ocsp.h"
#include "crypto/certificate/placeholder.h"

namespace ccm::cli {
namespace {

using crypto::Certificate;
using crypto::Probe;
using crypto::ProbeOutcome;
using store::StoredCertificate;
using store::VersionInfo;

constexpr Seconds kDay{86400};
constexpr Seconds kUsualLife = 90 * kDay;
// A new version is published within a second or two; so long its servers may show the one before.
constexpr Seconds kSwap{10};

struct Finding {
  Level level;
  std::string sentence;
};
using Findings = std::optional<Finding>;

Finding bad(std::string sentence) {
  return {.level = Level::critical, .sentence = std::move(sentence)};
}

// By then a renewal may have made another version current, with which nothing is compared.
const StoredCertificate* load(const Expectation& expected) {
  const StoredCertificate* whole =
      expected.stored != nullptr && expected.load ? expected.load() : nullptr;
  const bool is_same = whole != nullptr && whole->info.fingerprint == expected.stored->fingerprint;
  return is_same ? whole : nullptr;
}

bool is_stored(const Certificate& leaf, const Expectation& expected) {
  return expected.stored != nullptr && leaf.fingerprint() == expected.stored->fingerprint;
}

std::string stored_text(const VersionInfo* stored) {
  if (stored == nullptr) return "the store has no certificate yet";
  return fmt::format("the store has version {} with serial {}", stored->number,
                     printable(stored->serial));
}

Findings find_no_handshake(const Probe& probe, const Expectation& expected) {
  switch (probe.outcome) {
    case ProbeOutcome::shown:
      if (!probe.chain.empty()) return std::nullopt;
      return bad("shows no certificate");
    case ProbeOutcome::unreachable:
      return bad(fmt::format("cannot be reached: {}", probe.problem));
    case ProbeOutcome::silent:
      return bad(fmt::format("does not answer: {}", probe.problem));
    case ProbeOutcome::no_tls:
      return bad(fmt::format("does not answer with TLS: {}", printable(probe.problem)));
    case ProbeOutcome::refused:
      break;
  }
  return bad(fmt::format("refuses the handshake ({}); {}", printable(probe.problem),
                         stored_text(expected.stored)));
}

// A placeholder has the names, so it is looked for before them.
Findings find_other_certificate(const Certificate& leaf, const Expectation& expected) {
  if (crypto::is_placeholder(leaf)) {
    return bad(fmt::format("shows its placeholder instead of a certificate; {}",
                           stored_text(expected.stored)));
  }
  if (crypto::first_uncovered(leaf.names(), {expected.server_name}).empty()) return std::nullopt;
  return bad(fmt::format(
      "shows a certificate that is not for {} but for {} (serial {})", expected.server_name,
      leaf.names().empty() ? "no name" : printable(leaf.names().front()), leaf.serial()));
}

Findings find_other_version(const Certificate& leaf, const Expectation& expected) {
  const VersionInfo* stored = expected.stored;
  if (is_stored(leaf, expected)) return std::nullopt;
  // It will soon be replaced, whatever it is.
  if (stored != nullptr && expected.now >= stored->installed_at &&
      expected.now - stored->installed_at < kSwap) {
    return std::nullopt;
  }
  return bad(fmt::format("shows serial {} (until {}), but {}", leaf.serial(),
                         format_time(leaf.not_after()), stored_text(stored)));
}

Findings find_wrong_date(const Certificate& leaf, Time now) {
  if (now < leaf.not_before()) {
    return bad(fmt::format("shows a certificate that is not valid before {}",
                           format_time(leaf.not_before())));
  }
  if (now < leaf.not_after()) return std::nullopt;
  return bad(fmt::format("shows a certificate that ended at {}", format_time(leaf.not_after())));
}

std::vector<std::string> fingerprints_of(const std::vector<Certificate>& chain) {
  std::vector<std::string> fingerprints;
  for (const Certificate& each : chain) fingerprints.push_back(each.fingerprint());
  return fingerprints;
}

Findings find_other_chain(const std::vector<Certificate>& chain, const Expectation& expected) {
  // Another version that is about to be replaced has a chain of its own.
  if (expected.is_stored_chain || !is_stored(chain.front(), expected)) return std::nullopt;
  const StoredCertificate* whole = load(expected);
  if (whole == nullptr) return std::nullopt;
  const std::vector<Certificate>& stored = whole->bundle.chain();
  if (fingerprints_of(chain) == fingerprints_of(stored)) return std::nullopt;
  const std::string difference =
      chain.size() == stored.size()
          ? std::string("shows the stored certificate with other issuers")
          : fmt::format("shows the stored certificate in a chain of {}, but the store has {}",
                        chain.size(), stored.size());
  const bool is_worse =
      expected.is_trusted && expected.is_trusted(stored) && !expected.is_trusted(chain);
  return is_worse ? bad(difference + ", and this system does not trust it so")
                  : Finding{.level = Level::warning, .sentence = difference};
}

Findings find_wrong_staple(const Probe& probe, const Expectation& expected) {
  const Certificate& leaf = probe.chain.front();
  if (probe.ocsp_response.empty()) {
    if (leaf.requires_stapling()) {
      return bad("staples no OCSP response, which the certificate demands");
    }
    if (!expected.has_response || !is_stored(leaf, expected)) return std::nullopt;
    const StoredCertificate* stored = load(expected);
    if (stored == nullptr || store::staple_of(*stored, expected.now).empty()) return std::nullopt;
    return Finding{.level = Level::warning,
                   .sentence = "staples no OCSP response, although the store has one"};
  }
  const Certificate* issuer = probe.chain.size() > 1 ? &probe.chain[1] : nullptr;
  if (issuer == nullptr && is_stored(leaf, expected)) {
    const StoredCertificate* stored = load(expected);
    if (stored != nullptr) issuer = store::issuer_of(stored->bundle);
  }
  if (issuer == nullptr) return std::nullopt;
  const auto answer = crypto::judge_ocsp_response(probe.ocsp_response, leaf, *issuer, expected.now);
  if (!answer) {
    return bad(fmt::format("staples an OCSP response that clients refuse: {}",
                           printable(answer.error().message())));
  }
  if (answer->status == crypto::OcspStatus::good) return std::nullopt;
  return bad(fmt::format("staples an OCSP response that says: {}",
                         answer->status == crypto::OcspStatus::revoked ? "revoked" : "unknown"));
}

Findings find_end(Seconds left, const Limits& limits) {
  if (left > limits.warning) return std::nullopt;
  return Finding{
      .level = left <= limits.critical ? Level::critical : Level::warning,
      .sentence = fmt::format("shows a certificate that ends in {}", short_duration(left))};
}

// The first in the order of how much it hurts, but for the end, which may come close to the worst.
Findings find_first(const Probe& probe, const Expectation& expected, Seconds left) {
  const Certificate& leaf = probe.chain.front();
  if (auto found = find_other_certificate(leaf, expected)) return found;
  if (auto found = find_other_version(leaf, expected)) return found;
  if (auto found = find_wrong_date(leaf, expected.now)) return found;
  auto end = find_end(left, limits_for(expected.limits, leaf.not_after() - leaf.not_before()));
  for (auto found : {find_other_chain(probe.chain, expected), find_wrong_staple(probe, expected)}) {
    if (found && (!end || worse(found->level, end->level) == found->level)) return found;
  }
  return end;
}

// An issuer may end before the leaf. Where none does, it does not matter which of them a client
// needs, and no signature has to be checked to find that out.
Time end_of(const std::vector<Certificate>& chain, Time now) {
  const Certificate& leaf = chain.front();
  const std::vector<Certificate> others(chain.begin() + 1, chain.end());
  const bool is_leaf_first = std::all_of(others.begin(), others.end(), [&](const auto& each) {
    return each.not_after() >= leaf.not_after();
  });
  return is_leaf_first ? leaf.not_after() : crypto::find_path(leaf, others, now).end();
}

}  // namespace

std::string_view word_of(Level level) noexcept {
  switch (level) {
    case Level::ok:
      return "OK";
    case Level::warning:
      return "WARNING";
    case Level::critical:
      return "CRITICAL";
    case Level::unknown:
      break;
  }
  return "UNKNOWN";
}

Level worse(Level a, Level b) noexcept {
  const auto rank = [](Level level) {
    if (level == Level::critical) return 3;
    return level == Level::unknown ? 2 : static_cast<int>(level);
  };
  return rank(a) >= rank(b) ? a : b;
}

Limits limits_for(const LimitOptions& options, Seconds life) noexcept {
  const auto share = [life](Seconds limit) {
    return life >= kUsualLife ? limit
                              : Seconds(limit.count() * std::max<Seconds::rep>(life.count(), 0) /
                                        kUsualLife.count());
  };
  return {.warning = options.warning.value_or(share(20 * kDay)),
          .critical = options.critical.value_or(share(7 * kDay))};
}

ServedVerdict judge(const Probe& probe, const Expectation& expected) {
  ServedVerdict verdict;
  if (auto found = find_no_handshake(probe, expected)) {
    verdict.level = found->level;
    verdict.sentence = std::move(found->sentence);
    return verdict;
  }
  const Certificate& leaf = probe.chain.front();
  const Time end = end_of(probe.chain, expected.now);
  verdict.left = end - expected.now;
  verdict.is_for_name = crypto::first_uncovered(leaf.names(), {expected.server_name}).empty();
  verdict.serial = leaf.serial();
  verdict.fingerprint = leaf.fingerprint();
  if (auto found = find_first(probe, expected, *verdict.left)) {
    verdict.level = found->level;
    verdict.sentence = std::move(found->sentence);
    return verdict;
  }
  verdict.sentence = fmt::format("shows serial {}, which ends in {}", verdict.serial,
                                 short_duration(*verdict.left));
  return verdict;
}

std::string short_duration(Seconds left) {
  constexpr Seconds kHour{3600};
  if (left <= Seconds(0)) return "over";
  if (left >= 2 * kDay) return fmt::format("{} d", left / kDay);
  if (left >= 2 * kHour) return fmt::format("{} h", left / kHour);
  return fmt::format("{} min", left / Seconds(60));
}

}  // namespace ccm::cli
