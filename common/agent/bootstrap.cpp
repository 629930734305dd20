#include "agent/bootstrap.h"

#include <optional>
#include <utility>
#include <vector>

#include "crypto/key_pair.h"
#include "crypto/key_type.h"
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

std::optional<Published> load(const CertificateSpec& spec, const lifecycle::StoreReader& store,
                              Log& log) {
  auto loaded = store.load(spec.name);
  if (!loaded) {
    log.error("certificate \"{}\": {}", spec.name, loaded.error().message());
    return std::nullopt;
  }
  if (loaded->damage) {
    log.error("certificate \"{}\": {}", spec.name, loaded->damage->message());
  }
  if (!loaded->certificate) return std::nullopt;
  return Published{.bundle = std::move(loaded->certificate->bundle), .ocsp_response = {}};
}

Result<void> fill(publication::Writer& writer, const CertificateSpec& spec,
                  std::optional<Published> stored, Placeholders& placeholders) {
  if (!stored) {
    if (!spec.fallback) return {};
    auto placeholder = placeholders.make(spec);
    if (!placeholder) return pass(std::move(placeholder));
    stored =
        Published{.bundle = *std::move(placeholder), .ocsp_response = {}, .is_placeholder = true};
  }
  auto published = writer.publish(spec.name, *stored);
  if (!published) return pass(std::move(published));
  return {};
}

}  // namespace

Result<publication::Writer> bootstrap(const config::Config& config,
                                      const lifecycle::StoreReader& store, Time now, Log& log) {
  std::vector<std::string> names;
  for (const CertificateSpec& spec : config.certificates()) names.push_back(spec.name);
  auto writer = publication::Writer::create(std::move(names));
  if (!writer) return writer;

  Placeholders placeholders(now);
  for (const CertificateSpec& spec : config.certificates()) {
    auto stored = load(spec, store, log);
    if (!stored) {
      log.notice("certificate \"{}\": there is none yet, so {} until it comes", spec.name,
                 spec.fallback ? "a self-signed placeholder is shown"
                               : "handshakes are refused (fallback off)");
    }
    if (auto filled = fill(*writer, spec, std::move(stored), placeholders); !filled) {
      log.error("certificate \"{}\": {}", spec.name, filled.error().message());
    }
  }
  return writer;
}

}  // namespace ccm::agent
