// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/adoption.h"

#include <utility>

#include "lifecycle/attempt/installer.h"
#include "policy/gate.h"
#include "store/stored_search.h"

namespace ccm::lifecycle {
namespace {

bool passes(const config::CertificateSpec& spec, const crypto::Bundle& bundle, Time now) {
  return policy::admit_stored(spec, bundle, now).has_value();
}

void look_at(const Adoption& adoption, const config::CertificateSpec& spec,
             store::StoredSearch& search) {
  const Result<store::StoreReader::Loaded> loaded = adoption.store.load(spec.name);
  if (!loaded) return;
  const auto& own = loaded->certificate;
  if (own && passes(spec, own->bundle, adoption.now)) return;
  const auto copy = adoption.last_copy_of ? adoption.last_copy_of(spec.name) : std::nullopt;
  if (copy && is_newer(*copy, own) && passes(spec, copy->bundle, adoption.now)) return;
  const std::string& prefix = spec.source.facts().origin_prefix;
  const auto found =
      search.find({.names = spec.names, .key = spec.key, .origin = prefix, .entry = spec.name});
  if (!found || !passes(spec, found->certificate.bundle, adoption.now)) return;
  const Result<store::VersionInfo> adopted =
      Installer(adoption.store, adoption.lease, adoption.events)
          .adopt(spec, *found, own ? own->info.number : 0, adoption.now);
  if (!adopted) {
    adoption.log.error("certificate \"{}\": taking over what is stored for \"{}\": {}", spec.name,
                       found->entry, adopted.error().message());
    return;
  }
  adoption.log.notice(
      "certificate \"{}\": it has version {} from what was stored for \"{}\" and covers its names "
      "(serial {}, from {}, valid until {}){}",
      spec.name, adopted->number, found->entry, adopted->serial, adopted->origin,
      format_time(adopted->not_after),
      adopted->origin.starts_with(prefix) ? "" : ", until one of its own source is there");
}

}  // namespace

void adopt_stored(const Adoption& adoption,
                  const std::vector<const config::CertificateSpec*>& certificates) {
  store::StoredSearch search(adoption.store, adoption.now);
  for (const config::CertificateSpec* spec : certificates) look_at(adoption, *spec, search);
}

}  // namespace ccm::lifecycle
