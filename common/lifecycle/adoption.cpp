// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/adoption.h"

#include <utility>

#include "policy/gate.h"
#include "store/stored_search.h"

namespace ccm::lifecycle {
namespace {

// The gate, but for the type of key: the wrong one is better than none, and is replaced at once.
bool passes(const config::CertificateSpec& spec, const crypto::Bundle& bundle, Time now) {
  config::CertificateSpec any_key = spec;
  any_key.key.reset();
  return policy::check_installed(any_key, bundle, now).has_value();
}

Result<store::VersionInfo> adopt(const Adoption& adoption, const config::CertificateSpec& spec,
                                 const store::StoredSearch::Found& found,
                                 store::VersionNumber expected) {
  const store::StoredCertificate& stored = found.certificate;
  if (found.entry == spec.name) {
    Result<void> restored = adoption.store.restore(adoption.lease, spec.name, stored.info.number);
    if (!restored) return pass(std::move(restored));
    return stored.info;
  }
  Result<store::VersionInfo> installed =
      adoption.store.install(adoption.lease, {.name = spec.name,
                                              .bundle = stored.bundle,
                                              .origin = stored.info.origin,
                                              .expected = expected,
                                              .keep = spec.keep,
                                              .now = adoption.now});
  if (installed && !stored.ocsp_response.empty()) {
    // Without it one is asked for again.
    static_cast<void>(adoption.store.keep_response(adoption.lease, spec.name, installed->number,
                                                   stored.ocsp_response));
  }
  return installed;
}

void look_at(const Adoption& adoption, const config::CertificateSpec& spec,
             store::StoredSearch& search) {
  const Result<store::StoreReader::Loaded> loaded = adoption.store.load(spec.name);
  if (!loaded) return;
  const auto& own = loaded->certificate;
  if (own && passes(spec, own->bundle, adoption.now)) return;
  const std::string& prefix = spec.source.facts().origin_prefix;
  const auto found =
      search.find({.names = spec.names, .key = spec.key, .origin = prefix, .entry = spec.name});
  if (!found || !passes(spec, found->certificate.bundle, adoption.now)) return;
  const Result<store::VersionInfo> adopted =
      adopt(adoption, spec, *found, own ? own->info.number : store::VersionNumber{0});
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
  store::StoredSearch search(adoption.reader, adoption.now);
  for (const config::CertificateSpec* spec : certificates) look_at(adoption, *spec, search);
}

}  // namespace ccm::lifecycle
