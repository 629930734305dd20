// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/import.h"

#include <string>

#include "policy/gate.h"

namespace ccm::lifecycle {

Result<void> judge_import(const config::CertificateSpec& spec,
                          const store::StoreReader::Loaded& installed, const crypto::Bundle& bundle,
                          Time now) {
  const auto& certificate = installed.certificate;
  return policy::admit(
      {.spec = spec,
       .current = certificate ? &certificate->bundle : nullptr,
       .bundle = bundle,
       .is_wanted = true,
       .trust = policy::trust_of(certificate ? &certificate->bundle : nullptr, bundle, now)},
      now);
}

Result<store::VersionInfo> install_import(store::Store& store, const store::Lease& lease,
                                          const config::CertificateSpec& spec,
                                          const crypto::Bundle& bundle, Time now) {
  const Result<store::StoreReader::Loaded> loaded = store.load(spec.name);
  if (!loaded) return fail(loaded.error());
  if (Result<void> admitted = judge_import(spec, *loaded, bundle, now); !admitted) {
    return pass(std::move(admitted));
  }
  return store.install(lease,
                       {.name = spec.name,
                        .bundle = bundle,
                        .origin = std::string(store::kImported),
                        .expected = loaded->certificate ? loaded->certificate->info.number : 0,
                        .keep = spec.keep,
                        .now = now});
}

}  // namespace ccm::lifecycle
