#include "agent/bootstrap.h"

#include <optional>
#include <utility>
#include <vector>

#include "crypto/key_pair.h"
#include "crypto/key_type.h"
#include "crypto/names.h"
#include "crypto/placeholder.h"

namespace ccm::agent {
namespace {

using config::CertificateSpec;
using publication::Published;

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

Stored load(const CertificateSpec& spec, const lifecycle::StoreReader& store, Log& log) {
  auto loaded = store.load(spec.name);
  if (!loaded) {
    log.error("certificate \"{}\": {}", spec.name, loaded.error().message());
    return {.published = std::nullopt, .is_intact = false};
  }
  if (loaded->damage) {
    log.error("certificate \"{}\": {}", spec.name, loaded->damage->message());
  }
  Stored stored{.published = std::nullopt, .is_intact = !loaded->damage};
  if (loaded->certificate) {
    stored.published =
        Published{.bundle = std::move(loaded->certificate->bundle), .ocsp_response = {}};
  }
  return stored;
}

// What the server showed until now, as long as it is a certificate for these names and still valid.
std::optional<Published> shown_before(const CertificateSpec& spec,
                                      const BootstrapRequest& request) {
  if (request.previous == nullptr) return std::nullopt;
  const auto slot = request.previous->find(spec.name);
  const auto served = slot ? request.previous->get(*slot) : nullptr;
  if (served == nullptr || served->published.is_placeholder) return std::nullopt;
  const crypto::Certificate& leaf = served->published.bundle.leaf();
  const bool fits =
      leaf.not_after() > request.now && crypto::first_uncovered(leaf.names(), spec.names).empty();
  return fits ? std::optional<Published>(served->published) : std::nullopt;
}

// The store decides unless it is damaged or has lost the certificate: a reload must not replace a
// good certificate by an older one or a placeholder.
std::optional<Published> choose(const CertificateSpec& spec, const BootstrapRequest& request,
                                Log& log) {
  Stored stored = load(spec, request.store, log);
  if (stored.published && stored.is_intact) return std::move(stored.published);
  std::optional<Published> before = shown_before(spec, request);
  if (!before) return std::move(stored.published);
  log.warn("certificate \"{}\": the store has lost it; what was shown before stays", spec.name);
  return before;
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
  std::vector<std::string> names;
  for (const CertificateSpec& spec : request.config.certificates()) names.push_back(spec.name);
  auto writer = publication::Writer::create(std::move(names));
  if (!writer) return writer;

  Placeholders placeholders(request.now);
  for (const CertificateSpec& spec : request.config.certificates()) {
    auto chosen = choose(spec, request, log);
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

}  // namespace ccm::agent
