// SPDX-License-Identifier: Apache-2.0
// The part of the CatalogueKeeper that brings the certificates of an account into the store.
#include <fmt/format.h>

#include <algorithm>

#include "base/backoff.h"
#include "config/catalogue.h"
#include "config/source_kinds.h"
#include "crypto/certificate/names.h"
#include "lifecycle/attempt/installer.h"
#include "lifecycle/catalogue/catalogue_keeper.h"
#include "policy/gate.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Backoff kFetchAgain{.first = 10s, .longest = 60min};
// Only a change in the account, or new rules of ours, can help.
constexpr Seconds kRefusedFor = std::chrono::hours(6);
constexpr Seconds kPauseWhenTold{60};
constexpr std::size_t kMostFetchesInRow = 100;
// Sentences about single certificates; all further ones are only counted.
constexpr std::size_t kMostFetchSentences = 20;

// The names in the list, if a certificate can have them.
std::vector<std::string> promised_names(const sources::CollectedItem& item,
                                        const crypto::Bundle& bundle) {
  std::vector<std::string> names;
  for (const std::string& text : item.names) {
    if (auto name = crypto::parse_server_name(text)) names.push_back(*std::move(name));
  }
  return names.empty() ? bundle.leaf().names() : names;
}

}  // namespace

void CatalogueKeeper::set_turn(const std::string& id, Wanted& wanted, SteadyTime turn) {
  turns_.erase({wanted.turn, id});
  wanted.turn = turn;
  turns_.emplace(turn, id);
}

void CatalogueKeeper::drop_wanted(const std::string& id) {
  const auto found = wanted_.find(id);
  if (found == wanted_.end()) return;
  turns_.erase({found->second.turn, id});
  wanted_.erase(found);
}

void CatalogueKeeper::fetch_some(const store::Lease& lease) {
  for (std::size_t left = kMostFetchesInRow; left > 0 && !turns_.empty(); --left) {
    const SteadyTime now = parts_.clock.steady_now();
    const auto [turn, id] = *turns_.begin();
    if (turn > now) return;
    Wanted& wanted = wanted_.find(id)->second;
    if (put_back(id, wanted, lease)) continue;
    if (paused_until_ > now || !fetches_.take(now)) return;
    fetch(id, wanted, lease);
  }
}

// A certificate that the account still lists and the store has lost. If it cannot be put back, it
// is fetched.
bool CatalogueKeeper::put_back(const std::string& id, const Wanted& wanted,
                               const store::Lease& lease) {
  const bool is_lost = members_.find(id) == nullptr && !configured_.contains(wanted.item.origin);
  const std::string entry = entry_of(*wanted.kind, id);
  if (!is_lost || !parts_.last_copy_of || parts_.store.current_version(entry) != 0) return false;
  const auto copy = parts_.last_copy_of(entry);
  if (!copy || copy->origin != wanted.item.origin) return false;
  if (!install(copy->bundle, wanted, entry, lease)) return false;
  const crypto::Certificate& leaf = copy->bundle.leaf();
  const store::Membership membership{
      .id = wanted.item.id,
      .mark = wanted.item.mark,
      .end = leaf.not_after(),
      .names = leaf.names(),
      .selections = {wanted.selections.begin(), wanted.selections.end()}};
  if (!members_.put(lease, entry, membership)) return false;
  said_.erase(id);
  drop_wanted(id);
  return true;
}

void CatalogueKeeper::fetch(const std::string& id, Wanted& wanted, const store::Lease& lease) {
  const auto configured = configured_.find(wanted.item.origin);
  const std::string entry =
      configured != configured_.end() ? configured->second : entry_of(*wanted.kind, id);
  auto membership = obtain(wanted, entry, lease);
  if (!membership) return put_off(id, wanted, membership.error());
  const CatalogueMembers::Member* before = members_.find(id);
  const std::string old_entry = before == nullptr ? entry : before->entry;
  const bool leaves_own = before != nullptr && old_entry != entry && is_own(*before, id);
  if (auto put = members_.put(lease, entry, *membership); !put) {
    return put_off(id, wanted, put.error());
  }
  // A configuration now names it, so it is shown from that entry.
  if (leaves_own) static_cast<void>(parts_.store.forget(lease, old_entry, store::Keep::nothing));
  said_.erase(id);
  drop_wanted(id);
}

Result<store::Membership> CatalogueKeeper::obtain(const Wanted& wanted, const std::string& entry,
                                                  const store::Lease& lease) {
  store::Membership membership{.id = wanted.item.id,
                               .mark = wanted.item.mark,
                               .names = {},
                               .selections = {wanted.selections.begin(), wanted.selections.end()}};
  if (const CatalogueMembers::Member* before = members_.find(wanted.item.id)) {
    for (const std::string& each : before->what.selections) {
      if (!wanted.selections.contains(each)) membership.selections.push_back(each);
    }
  }
  const auto remember = [&](const crypto::Certificate& leaf) {
    membership.names = leaf.names();
    membership.end = leaf.not_after();
    return std::move(membership);
  };
  // Its own source fetches a configured certificate. An agent that was killed may have stored this
  // one without recording it.
  const bool is_configured = parts_.config.find(entry) != nullptr;
  const bool is_known = members_.find(wanted.item.id) != nullptr;
  if (is_configured || !is_known) {
    const auto stored = parts_.store.load(entry);
    if (!stored) return fail(stored.error());
    const bool is_this =
        stored->certificate && stored->certificate->info.origin == wanted.item.origin;
    if (is_this && !stored->damage) return remember(stored->certificate->bundle.leaf());
    if (is_configured) return fail(ErrorKind::transient, "its configured entry has another one");
  }
  auto bundle = parts_.collection_of(*wanted.kind).fetch(wanted.item, parts_.clock.now());
  if (!bundle) return pass(std::move(bundle));
  if (auto done = install(*bundle, wanted, entry, lease); !done) return pass(std::move(done));
  return remember(bundle->leaf());
}

Result<void> CatalogueKeeper::install(const crypto::Bundle& bundle, const Wanted& wanted,
                                      const std::string& entry, const store::Lease& lease) {
  const Time now = parts_.clock.now();
  const auto loaded = parts_.store.load(entry);
  if (!loaded) return fail(loaded.error());
  const bool has_current = loaded->certificate.has_value();
  if (has_current && !loaded->damage &&
      loaded->certificate->info.fingerprint == bundle.leaf().fingerprint()) {
    return {};
  }
  const crypto::Bundle* current = has_current ? &loaded->certificate->bundle : nullptr;
  const config::CertificateSpec spec =
      config::imported_spec(entry, promised_names(wanted.item, bundle));
  const Installer installer(parts_.store, lease, parts_.events);
  auto admitted = installer.admit({.spec = spec,
                                   .current = current,
                                   .bundle = bundle,
                                   .is_wanted = true,
                                   .trust = policy::trust_of(current, bundle, now)},
                                  now);
  if (!admitted) return pass(std::move(admitted));
  auto info =
      installer.install(*admitted, {.bundle = bundle,
                                    .origin = wanted.item.origin,
                                    .expected = has_current ? loaded->certificate->info.number : 0,
                                    .keep = 1,
                                    .now = now});
  if (!info) return pass(std::move(info));
  return {};
}

void CatalogueKeeper::put_off(const std::string& id, Wanted& wanted, const Error& error) {
  const SteadyTime now = parts_.clock.steady_now();
  ++wanted.failures;
  const bool is_refused = error.kind() == ErrorKind::rejected || error.kind() == ErrorKind::invalid;
  const Seconds usual =
      is_refused ? kRefusedFor : std::chrono::ceil<Seconds>(kFetchAgain.delay(wanted.failures));
  const Seconds wait = error.retry_after().value_or(usual);
  if (error.kind() == ErrorKind::throttled) {
    paused_until_ = now + error.retry_after().value_or(kPauseWhenTold);
  }
  set_turn(id, wanted, now + std::max(wait, Seconds(1)));
  if (std::exchange(wanted.problem, error.message()) == error.message()) return;
  if (said_.size() == kMostFetchSentences && !said_.contains(id)) return;
  said_[id] = error.message();
  parts_.log.warn("catalogues: certificate {} ({}) is left out: {}; trying again in {}",
                  wanted.item.origin, wanted.item.names.empty() ? "no name" : wanted.item.names[0],
                  error.message(), format_duration(wait));
}

}  // namespace ccm::lifecycle
