// SPDX-License-Identifier: Apache-2.0
#include "server/start/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/acting_as.h"
#include "base/sentences.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/placeholder.h"
#include "crypto/key/key_pair.h"
#include "crypto/key/key_type.h"
#include "crypto/verification/serving_rules.h"
#include "server/start/catalogue_start.h"
#include "server/start/previous.h"
#include "server/start/proofs_at_start.h"
#include "server/start/shortcuts.h"
#include "store/host/snapshot_file.h"
#include "store/stored_search.h"
#include "store/ticket_record.h"

namespace ccm::server {
namespace {

using config::CertificateSpec;
using publication::Published;

constexpr crypto::KeyType kPlaceholderKey{crypto::KeyAlgorithm::ecdsa, 256};
constexpr std::size_t kLostShown = 3;

// Placeholders of one start, which share a key: making one per certificate would cost more than
// everything else here.
class Placeholders {
 public:
  explicit Placeholders(Time now) : now_(now) {}

  Result<crypto::Bundle> make(const CertificateSpec& spec) {
    if (!key_) {
      auto key = crypto::KeyPair::generate(kPlaceholderKey);
      if (!key) return pass(std::move(key));
      key_ = *std::move(key);
    }
    return crypto::make_placeholder(*key_, spec.names, now_);
  }

 private:
  Time now_;
  std::optional<crypto::KeyPair> key_;
};

// Chooses what a server shows for a certificate from its first moment: the certificate's own entry
// in the store or, if that has nothing that fits, anything that is stored or was shown until now
// and fits. A reload must not replace a good certificate by a worse one, whatever its name.
class Choice {
 public:
  // `shortcuts`: nullptr when nothing beside the store is believed either.
  Choice(const BootstrapRequest& request, Previous& previous, const Shortcuts* shortcuts, Log& log)
      : request_(request),
        previous_(previous),
        shortcuts_(shortcuts),
        log_(log),
        search_(request.store, request.now) {}

  std::optional<Published> choose(const CertificateSpec& spec);
  // Logs for which certificates a copy is shown.
  void say_lost() const;

 private:
  using Stored = std::optional<store::StoredCertificate>;

  struct Own {
    Stored certificate;
    bool is_intact = false;
    // Why the gate refuses it, apart from names and dates.
    std::optional<Error> refusal = {};
  };
  Own load(const CertificateSpec& spec);
  std::optional<Error> refusal_of(const CertificateSpec& spec,
                                  const store::StoredCertificate& stored) const;
  bool passes(const CertificateSpec& spec, const Published& shown) const;
  std::optional<Published> copy(const CertificateSpec& spec, const Own& own);
  std::optional<Published> substitute(const CertificateSpec& spec, const Own& own);
  std::optional<Published> makeshift(const CertificateSpec& spec, Own own);
  store::StoredSearch::Wanted wanted(const CertificateSpec& spec) const;
  Published to_publish(const CertificateSpec& spec, store::StoredCertificate stored) const;
  std::string flaw_of(const CertificateSpec& spec, const Own& own) const;

  const BootstrapRequest& request_;
  Previous& previous_;
  const Shortcuts* shortcuts_;
  Log& log_;
  store::StoredSearch search_;
  std::vector<std::string> lost_;  // a copy of these is shown, and will be put back
  std::vector<std::string> gone_;  // a copy of these is shown that cannot be put back
};

std::optional<Published> Choice::choose(const CertificateSpec& spec) {
  if (request_.distrust) return previous_.shown(spec, request_.now);
  Own own = load(spec);
  const bool own_fits = own.certificate && !own.refusal &&
                        store::fits(own.certificate->bundle.leaf(), spec.names, request_.now);
  if (own_fits && own.is_intact) return to_publish(spec, *std::move(own.certificate));
  std::optional<Published> before = previous_.shown(spec, request_.now);
  if (before && !own.is_intact) {
    log_.warn("certificate \"{}\": the store has lost it; what was shown before stays", spec.name);
    return before;
  }
  if (auto kept = own.is_intact ? std::nullopt : copy(spec, own)) return kept;
  if (own_fits) return to_publish(spec, *std::move(own.certificate));
  auto other = substitute(spec, own);
  if (other) return other;
  // The previous configuration probably showed the refused certificate as well.
  if (before && (!own.refusal || passes(spec, *before))) return before;
  return makeshift(spec, std::move(own));
}

Choice::Own Choice::load(const CertificateSpec& spec) {
  auto loaded = request_.store.load(spec.name);
  if (!loaded) {
    log_.error("certificate \"{}\": {}", spec.name, loaded.error().message());
    return {};
  }
  if (loaded->damage) {
    log_.error("certificate \"{}\": {}", spec.name, loaded->damage->message());
  }
  const bool is_there = loaded->certificate.has_value();
  Own own{.certificate = std::move(loaded->certificate), .is_intact = is_there && !loaded->damage};
  if (own.certificate) own.refusal = refusal_of(spec, *own.certificate);
  if (own.refusal) {
    log_.error("certificate \"{}\": version {}, which an earlier release let in, is refused: {}",
               spec.name, own.certificate->info.number, own.refusal->message());
  }
  return own;
}

std::optional<Error> Choice::refusal_of(const CertificateSpec& spec,
                                        const store::StoredCertificate& stored) const {
  if (!store::fits(stored.bundle.leaf(), spec.names, request_.now)) return std::nullopt;
  Result<void> passed = store::check_stored(stored, spec.names, request_.now);
  return passed ? std::nullopt : std::optional(std::move(passed).error());
}

bool Choice::passes(const CertificateSpec& spec, const Published& shown) const {
  return crypto::check_serving({.names = spec.names, .now = request_.now}, shown.bundle,
                               crypto::path_of(shown.bundle, request_.now))
      .has_value();
}

// The leader's snapshot is in the state directory, too, so it is as trustworthy as the store. An
// older version in the store is the worse choice.
std::optional<Published> Choice::copy(const CertificateSpec& spec, const Own& own) {
  auto copy = shortcuts_ == nullptr ? std::nullopt : shortcuts_->copy_of(spec);
  if (!copy || (own.certificate && own.certificate->info.number > copy->version)) {
    return std::nullopt;
  }
  (copy->is_put_back ? lost_ : gone_).push_back(fmt::format("\"{}\"", spec.name));
  return std::move(copy->published);
}

void Choice::say_lost() const {
  const std::string path = store::snapshot_path(request_.config.global().state_path);
  const auto say = [&](const std::vector<std::string>& names, std::string_view remedy) {
    if (names.empty()) return;
    log_.error("the store has lost what was installed for {}; the copy in {} is shown, and {}",
               enumerated(names, kLostShown), path, remedy);
  };
  say(lost_, "the agent puts it back");
  say(gone_, "the agent obtains another, because an earlier release wrote the copy");
}

// Any certificate that fits: stored, or shown under another name.
std::optional<Published> Choice::substitute(const CertificateSpec& spec, const Own& own) {
  const std::string reason = flaw_of(spec, own);
  if (auto found = search_.find(wanted(spec))) {
    const store::VersionInfo& info = found->certificate.info;
    log_.warn(
        "certificate \"{}\": {}, so what is stored for \"{}\" is shown, which covers its names "
        "(version {}, serial {}, from {}, valid until {})",
        spec.name, reason, found->entry, info.number, info.serial, info.origin,
        format_time(info.not_after));
    return to_publish(spec, std::move(found->certificate));
  }
  auto elsewhere = previous_.shown_elsewhere(spec, request_.now);
  if (!elsewhere || (own.refusal && !passes(spec, *elsewhere))) return std::nullopt;
  const crypto::Certificate& leaf = elsewhere->bundle.leaf();
  log_.warn(
      "certificate \"{}\": {}, so one is shown that was shown before by another name and covers "
      "its names (serial {}, valid until {})",
      spec.name, reason, leaf.serial(), format_time(leaf.not_after()));
  return elsewhere;
}

// Nothing fits. A certificate that some clients can use is better than one that no client can use.
std::optional<Published> Choice::makeshift(const CertificateSpec& spec, Own own) {
  if (own.certificate) {
    log_.error("certificate \"{}\": {}; it is shown until there is a better one", spec.name,
               flaw_of(spec, own));
    return to_publish(spec, *std::move(own.certificate));
  }
  if (auto part = search_.find_part(wanted(spec))) {
    log_.error(
        "certificate \"{}\": nothing that is stored covers all its names; what is stored for "
        "\"{}\" covers some of them (not \"{}\") and is shown until its own comes",
        spec.name, part->entry,
        crypto::first_uncovered(part->certificate.bundle.leaf().names(), spec.names));
    return to_publish(spec, std::move(part->certificate));
  }
  const bool is_fall = previous_.knows(spec) || search_.knows(spec.names) ||
                       (shortcuts_ != nullptr && shortcuts_->knows(spec.name));
  const std::string_view instead = spec.fallback ? "a self-signed placeholder is shown"
                                                 : "handshakes are refused (fallback off)";
  if (is_fall) {
    log_.error(
        "certificate \"{}\": its names had a certificate, but nothing usable is stored any more, "
        "so "
        "{} until the next one comes",
        spec.name, instead);
  } else {
    log_.notice("certificate \"{}\": there is none yet, so {} until it comes", spec.name, instead);
  }
  return std::nullopt;
}

store::StoredSearch::Wanted Choice::wanted(const CertificateSpec& spec) const {
  return {.names = spec.names,
          .key = spec.key,
          .origin = spec.source.facts().origin_prefix,
          .entry = spec.name};
}

Published Choice::to_publish(const CertificateSpec& spec, store::StoredCertificate stored) const {
  auto staple = spec.stapling ? staple_of(stored, request_.now) : std::vector<std::byte>();
  return {.bundle = std::move(stored.bundle), .ocsp_response = std::move(staple)};
}

// Why the entry's own certificate cannot be shown.
std::string Choice::flaw_of(const CertificateSpec& spec, const Own& own) const {
  if (!own.certificate) return "nothing usable is stored for it";
  if (own.refusal) return "what is stored for it is refused by clients";
  const crypto::Certificate& leaf = own.certificate->bundle.leaf();
  if (leaf.not_after() <= request_.now) {
    return fmt::format("what is stored for it expired at {}", format_time(leaf.not_after()));
  }
  if (leaf.not_before() > request_.now) {
    return fmt::format("what is stored for it is valid only from {}",
                       format_time(leaf.not_before()));
  }
  return fmt::format("what is stored for it does not cover \"{}\"",
                     crypto::first_uncovered(leaf.names(), spec.names));
}

// Whether the previous segment shows a placeholder that must go. No slot can be emptied, so that
// needs a new segment.
bool must_vanish(const CertificateSpec& spec, Previous& previous) {
  return !spec.fallback && previous.shows_placeholder(spec);
}

Result<publication::Writer> open_segment(const config::Config& config, Previous& previous) {
  const auto& specs = config.certificates();
  const bool is_usable = std::none_of(specs.begin(), specs.end(), [&](const CertificateSpec& spec) {
    return must_vanish(spec, previous);
  });
  auto continued = is_usable ? previous.continued(config) : std::nullopt;
  if (continued) return *std::move(continued);
  std::vector<std::string> catalogues;
  for (const config::CatalogueSpec& each : config.catalogues()) catalogues.push_back(each.name);
  return publication::Writer::create(slots_of(config), config.global().state_path, catalogues);
}

Result<void> fill(publication::Writer& writer, const CertificateSpec& spec,
                  std::optional<Published> chosen, Placeholders& placeholders) {
  if (!chosen) {
    if (!spec.fallback) return {};
    auto placeholder = placeholders.make(spec);
    if (!placeholder) return pass(std::move(placeholder));
    chosen =
        Published{.bundle = *std::move(placeholder), .ocsp_response = {}, .is_placeholder = true};
  }
  auto published = writer.publish(spec.name, *chosen);
  if (!published) return pass(std::move(published));
  return {};
}

// The keys may have ended; the agent soon publishes those that count.
Result<bool> publish_ticket_keys(publication::Writer& writer, const BootstrapRequest& request,
                                 const Previous& previous) {
  Secret keys;
  if (request.config.global().ticket_keys == config::TicketKeys::fleet) {
    keys = previous.ticket_keys();
    if (keys.empty() && !request.distrust) {
      const auto stored = store::read_ticket_keys(request.store);
      if (!stored) return fail(stored.error());
      keys = store::serialize_ticket_keys(stored->keys);
    }
  }
  return writer.publish_ticket_keys(keys);
}

}  // namespace

Result<publication::Writer> bootstrap(const BootstrapRequest& request, Log& log) {
  Previous previous(request.segment);
  auto writer = open_segment(request.config, previous);
  if (!writer) return writer;

  if (request.distrust) {
    log.error("{}; nothing in it is shown", request.distrust->message());
  }
  Placeholders placeholders(request.now);
  const ActingAs reader_of_store(who_may_look_into(request.config.global().state_path));
  Result<std::vector<std::string>> entries;
  std::optional<Shortcuts> shortcuts;
  if (!request.distrust) {
    entries = request.store.names();
    shortcuts.emplace(request.store, request.config.global().state_path, request.now);
  }
  const Shortcuts* believed = shortcuts ? &*shortcuts : nullptr;
  const auto proofs = proofs_at_start(request, previous, believed,
                                      entries ? *entries : std::span<const std::string>());
  for (const auto& kept :
       {writer->publish_proofs(proofs), publish_ticket_keys(*writer, request, previous)}) {
    if (!kept) log.error("{}", kept.error().message());
  }
  Choice choice(request, previous, believed, log);
  for (const CertificateSpec& spec : request.config.certificates()) {
    const auto* known = shortcuts ? shortcuts->find(spec) : nullptr;
    if (known != nullptr && writer->publish_encoded(spec.name, known->value)) continue;
    auto chosen = choice.choose(spec);
    if (auto filled = fill(*writer, spec, std::move(chosen), placeholders); !filled) {
      log.error("certificate \"{}\": {}", spec.name, filled.error().message());
    }
  }
  choice.say_lost();
  fill_catalogues({.writer = *writer,
                   .previous = previous.reader(),
                   .store = request.store,
                   .entries = std::move(entries),
                   .specs = request.config.catalogues(),
                   .now = request.now,
                   .shortcuts = believed,
                   .is_store_believed = !request.distrust},
                  log);
  return writer;
}

}  // namespace ccm::server
