// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schedule/deadline.h"

#include <algorithm>
#include <optional>

#include "crypto/verification/serving_rules.h"
#include "lifecycle/schedule/hold.h"
#include "policy/gate.h"
#include "sources/source_drivers.h"
#include "store/staging.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr Seconds kUrgent = 72h;

// The earliest end among the certificates that a client needed when they were installed.
Time end_of(const crypto::Bundle& bundle, const store::VersionInfo& info) {
  return crypto::path_of(bundle, info.installed_at).end();
}

Time renewal_with(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                  const store::VersionInfo& info, Time end) {
  const crypto::Certificate& leaf = bundle.leaf();
  const std::optional<Seconds> asked = spec.source.facts().validity;
  Time birth = leaf.not_before();
  if (asked) birth = std::max(birth, leaf.not_after() - *asked);
  const Time due = policy::renewal_time(spec.renew_before, birth, end, spec.jitter_seed);
  if (!asked || config::kind_of_origin(info.origin) != &spec.source.kind()) return due;
  return policy::paced_renewal(due, {.obtained = info.installed_at, .end = end, .asked = *asked},
                               spec.renew_before, spec.jitter_seed);
}

}  // namespace

Deadline deadline_of(const store::StoreReader& store, const config::CertificateSpec& spec,
                     const crypto::Bundle& bundle, const store::VersionInfo& info) {
  const bool is_held = held_version(store, spec.name) == info.number;
  const Time end = end_of(bundle, info);
  return {.due = is_held ? urgent_from(info) : renewal_with(spec, bundle, info, end), .end = end};
}

std::optional<Deadline> stored_deadline(const store::StoreReader& store,
                                        const config::CertificateSpec& spec, Time now) {
  const Result<store::StoreReader::Loaded> loaded = store.load(spec.name);
  if (!loaded || loaded->damage || !loaded->certificate) return std::nullopt;
  const store::VersionNumber version = store::staged_version(store, spec.name);
  const auto staged =
      version == 0 ? Result<store::StoredCertificate>(fail(ErrorKind::rejected, "none waits"))
                   : store.load_version(spec.name, version);
  const store::StoredCertificate& newest = staged ? *staged : *loaded->certificate;
  if (!policy::check_installed(spec, newest.bundle, now)) return std::nullopt;
  return deadline_of(store, spec, newest.bundle, newest.info);
}

Time renewal_of(const config::CertificateSpec& spec, const crypto::Bundle& bundle,
                const store::VersionInfo& info) {
  return renewal_with(spec, bundle, info, end_of(bundle, info));
}

policy::Look next_look_after(const Error& error, const config::CertificateSpec& spec) {
  return error.retry_after() || costs_a_certificate(error, spec) ? policy::Look::costly
                                                                 : policy::Look::free;
}

bool costs_a_certificate(const Error& error, const config::CertificateSpec& spec) {
  return sources::driver_of(spec.source).is_costly && error.kind() == ErrorKind::invalid &&
         !error.retry_after();
}

Time urgent_from(const store::VersionInfo& info) noexcept {
  const Seconds lifetime = info.not_after - info.not_before;
  return info.not_after - std::max(lifetime / 10, std::min(kUrgent, lifetime / 4));
}

Time latest_activation(const crypto::Bundle& bundle, const store::VersionInfo& info) {
  return end_of(bundle, info) - (info.not_after - urgent_from(info));
}

}  // namespace ccm::lifecycle
