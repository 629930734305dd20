// SPDX-License-Identifier: Apache-2.0
#include "agent/store_mender.h"

#include <algorithm>

#include "config/catalogue.h"
#include "lifecycle/attempt/installer.h"
#include "store/catalogue_membership.h"
#include "store/forgetting.h"

namespace ccm::agent {

void StoreMender::look_at(const std::string& name, store::VersionNumber known) {
  if (!parts_.lease.is_held()) return;
  if (parts_.config.find(name) != nullptr) {
    look_at_configured(name, known);
  } else {
    look_at_catalogued(name, known);
  }
}

// Only the cloud knows whether an older version may still be shown.
void StoreMender::look_at_configured(const std::string& name, store::VersionNumber known) {
  const store::VersionNumber version = parts_.store.current_version(name);
  if (version != 0 && version < known) {
    parts_.log.warn(
        "certificate \"{}\": the store has version {}, but version {} was installed last, so an "
        "older state of the store was restored; asking at once whether version {} is still good",
        name, version, known, version);
  }
  parts_.lifecycle.look_soon(name);
}

void StoreMender::look_at_catalogued(const std::string& name, store::VersionNumber known) {
  const auto& catalogues = parts_.config.catalogues();
  const bool is_shown = std::any_of(catalogues.begin(), catalogues.end(), [&](const auto& each) {
    return store::is_selected(parts_.store, name, each);
  });
  if (!is_shown || store::is_forgotten(parts_.store, name)) return;
  const lifecycle::Installer installer(parts_.store, parts_.lease, parts_.events);
  // Only `current` is lost. A newer version may be one that was rolled back.
  if (parts_.store.current_version(name) == 0) {
    const auto before = parts_.store.load_version(name, known);
    if (before && installer.mend(name, *before)) return;
  }
  const auto loaded = parts_.store.load(name);
  const bool is_intact = !loaded || (loaded->certificate && !loaded->damage);
  // An installation was interrupted before it became current.
  if (loaded && is_intact && parts_.store.current_version(name) == 0) {
    static_cast<void>(installer.mend(name, *loaded->certificate));
  }
  const auto copy = is_intact ? std::nullopt : parts_.last_copy_of(name);
  if (!copy || !lifecycle::is_newer(*copy, loaded->certificate)) return;
  const config::CertificateSpec spec = config::imported_spec(name, copy->bundle.leaf().names());
  const auto info = installer.put_back(
      spec, *copy, loaded->certificate ? loaded->certificate->info.number : 0, parts_.clock.now());
  if (!info) {
    parts_.log.error("certificate \"{}\": put back what the store has lost: {}", name,
                     info.error().message());
    return;
  }
  parts_.log.warn(
      "certificate \"{}\": {}; the last copy is installed again as version {} (serial {})", name,
      loaded->damage ? loaded->damage->message() : "the store has lost what was installed",
      info->number, info->serial);
}

}  // namespace ccm::agent
