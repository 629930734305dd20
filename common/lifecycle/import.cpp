// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/import.h"

#include <string>

#include "lifecycle/gate.h"

namespace ccm::lifecycle {

Result<void> judge_import(const config::CertificateSpec& spec, const StoreReader::Loaded& installed,
                          const crypto::Bundle& bundle, Time now) {
  const auto& certificate = installed.certificate;
  return admit({.spec = spec,
                .current = certificate ? &certificate->bundle : nullptr,
                .bundle = bundle,
                .is_wanted = true,
                .trust = trust_of(certificate ? &certificate->bundle : nullptr, bundle, now)},
               now);
}

Result<VersionInfo> install_import(Store& store, const Lease& lease,
                                   const config::CertificateSpec& spec,
                                   const crypto::Bundle& bundle, Time now) {
  const Result<StoreReader::Loaded> loaded = store.load(spec.name);
  if (!loaded) return fail(loaded.error());
  if (Result<void> admitted = judge_import(spec, *loaded, bundle, now); !admitted) {
    return pass(std::move(admitted));
  }
  return store.install(lease,
                       {.name = spec.name,
                        .bundle = bundle,
                        .origin = std::string(kImported),
                        .expected = loaded->certificate ? loaded->certificate->info.number : 0,
                        .keep = spec.keep,
                        .now = now});
}

}  // namespace ccm::lifecycle
