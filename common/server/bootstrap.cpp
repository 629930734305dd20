#include "server/bootstrap.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/acting_as.h"
#include "base/memory_file.h"
#include "crypto/key_pair.h"
#include "crypto/key_type.h"
#include "crypto/names.h"
#include "crypto/placeholder.h"
#include "publication/reader.h"

namespace ccm::server {
namespace {

using config::CertificateSpec;
using publication::Published;

// An agent whose lifeline was cut is gone within milliseconds.
constexpr std::chrono::milliseconds kPatience{2000};
constexpr std::chrono::milliseconds kBetweenLooks{2};

constexpr crypto::KeyType kPlaceholderKey{crypto::KeyAlgorithm::ecdsa, 256};

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

struct Stored {
  std::optional<Published> published;
  bool is_intact = true;
};

Stored load(const CertificateSpec& spec, const BootstrapRequest& request, Log& log) {
  auto loaded = request.store.load(spec.name);
  if (!loaded) {
    log.error("certificate \"{}\": {}", spec.name, loaded.error().message());
    return {.published = std::nullopt, .is_intact = false};
  }
  if (loaded->damage) {
    log.error("certificate \"{}\": {}", spec.name, loaded->damage->message());
  }
  Stored stored{.published = std::nullopt, .is_intact = !loaded->damage};
  if (loaded->certificate) {
    stored.published = Published{.bundle = loaded->certificate->bundle, .ocsp_response = {}};
    if (spec.stapling) {
      stored.published->ocsp_response = staple_of(*loaded->certificate, request.now);
    }
  }
  return stored;
}

// The previous configuration's segment, as this one sees it.
class Previous {
 public:
  // One that cannot be read (of another release) counts as none.
  explicit Previous(int segment) : segment_(segment) {
    if (segment < 0) return;
    auto reader = publication::Reader::open(segment);
    if (reader) reader_ = *std::move(reader);
  }

  // What was shown until now, as long as it is a certificate for these names and still valid.
  std::optional<Published> shown(const CertificateSpec& spec, Time now) {
    const auto served = value(spec);
    if (served == nullptr || served->published.is_placeholder) return std::nullopt;
    const crypto::Certificate& leaf = served->published.bundle.leaf();
    const bool fits =
        leaf.not_after() > now && crypto::first_uncovered(leaf.names(), spec.names).empty();
    if (!fits) return std::nullopt;
    Published published = served->published;
    if (!spec.stapling) published.ocsp_response.clear();
    return published;
  }

  bool shows_placeholder(const CertificateSpec& spec) {
    const auto served = value(spec);
    return served != nullptr && served->published.is_placeholder;
  }

  // For writing, if every certificate has its slot and nobody else writes. A segment never has
  // fewer slots than it was made with, so equal numbers and all names found mean the same names.
  std::optional<publication::Writer> continued(const config::Config& config) {
    if (!reader_ || reader_->slot_count() != config.certificates().size()) return std::nullopt;
    // Without /proc it could not be opened for the next workers.
    if (!can_open_again()) return std::nullopt;
    const bool has_all = std::all_of(
        config.certificates().begin(), config.certificates().end(),
        [this](const CertificateSpec& spec) { return reader_->find(spec.name).has_value(); });
    if (!has_all) return std::nullopt;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      FileDescriptor copy(fcntl(segment_, F_DUPFD_CLOEXEC, 0));
      auto writer = publication::Writer::attach(std::move(copy), publication::IfBusy::fail);
      if (writer) return *std::move(writer);
      const bool is_busy = writer.error().kind() == ErrorKind::transient;
      if (!is_busy || std::chrono::steady_clock::now() >= end) return std::nullopt;
      std::this_thread::sleep_for(kBetweenLooks);
    }
  }

 private:
  std::shared_ptr<const publication::Served> value(const CertificateSpec& spec) {
    if (!reader_) return nullptr;
    const auto slot = reader_->find(spec.name);
    return slot ? reader_->get(*slot) : nullptr;
  }

  int segment_;
  std::optional<publication::Reader> reader_;
};

// The store decides unless it is damaged or has lost the certificate: a reload must not replace a
// good certificate by an older one or a placeholder.
std::optional<Published> choose(const CertificateSpec& spec, const BootstrapRequest& request,
                                Previous& previous, Log& log) {
  Stored stored = load(spec, request, log);
  if (stored.published && stored.is_intact) return std::move(stored.published);
  std::optional<Published> before = previous.shown(spec, request.now);
  if (!before) return std::move(stored.published);
  log.warn("certificate \"{}\": the store has lost it; what was shown before stays", spec.name);
  return before;
}

// A placeholder that must not be shown any more: slots cannot be emptied.
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
  std::vector<std::string> names;
  for (const CertificateSpec& spec : specs) names.push_back(spec.name);
  return publication::Writer::create(std::move(names), config.global().state_path);
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

}  // namespace

Result<publication::Writer> bootstrap(const BootstrapRequest& request, Log& log) {
  Previous previous(request.segment);
  auto writer = open_segment(request.config, previous);
  if (!writer) return writer;

  Placeholders placeholders(request.now);
  const ActingAs reader_of_store(who_may_look_into(request.config.global().state_path));
  for (const CertificateSpec& spec : request.config.certificates()) {
    auto chosen = choose(spec, request, previous, log);
    if (!chosen) {
      log.notice("certificate \"{}\": there is none yet, so {} until it comes", spec.name,
                 spec.fallback ? "a self-signed placeholder is shown"
                               : "handshakes are refused (fallback off)");
    }
    if (auto filled = fill(*writer, spec, std::move(chosen), placeholders); !filled) {
      log.error("certificate \"{}\": {}", spec.name, filled.error().message());
    }
  }
  return writer;
}

}  // namespace ccm::server
