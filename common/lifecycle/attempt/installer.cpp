// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/attempt/installer.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "lifecycle/schedule/hold.h"
#include "store/staging.h"

namespace ccm::lifecycle {
namespace {

store::VersionNumber number_of(const store::StoreReader::Loaded& loaded) {
  return loaded.certificate ? loaded.certificate->info.number : 0;
}

Event event_of(EventType type, const std::string& name, const crypto::Certificate& leaf,
               std::string sentence) {
  return {.type = type,
          .certificate = name,
          .serial = leaf.serial(),
          .not_after = leaf.not_after(),
          .sentence = std::move(sentence),
          .fields = {{"names", join(leaf.names(), " ")}}};
}

}  // namespace

Result<policy::Admission> judge_import(const config::CertificateSpec& spec,
                                       const store::StoreReader::Loaded& installed,
                                       const crypto::Bundle& bundle, Time now) {
  const crypto::Bundle* current = installed.certificate ? &installed.certificate->bundle : nullptr;
  return policy::admit({.spec = spec,
                        .current = current,
                        .bundle = bundle,
                        .is_wanted = true,
                        .trust = policy::trust_of(current, bundle, now)},
                       now);
}

Result<policy::Admission> Installer::admit(const policy::Candidate& candidate, Time now) const {
  return policy::admit(candidate, now);
}

Result<store::VersionInfo> Installer::install(const policy::Admission& admission,
                                              const store::Installation& installation) const {
  Event asking =
      event_of(EventType::installing, admission.name(), installation.bundle.leaf(),
               fmt::format("a certificate from {} is about to be installed", installation.origin));
  asking.fields.emplace_back("origin", installation.origin);
  if (Result<void> allowed = events_.ask(std::move(asking)); !allowed) {
    return pass(std::move(allowed));
  }
  return put(admission, installation);
}

Result<store::VersionInfo> Installer::put(const policy::Admission& admission,
                                          const store::Installation& installation) const {
  const std::string& name = admission.name();
  Result<store::VersionInfo> info = store_.install(lease_, admission, installation);
  if (!info) return info;
  if (installation.waits) {
    Result<void> waits = store::stage(store_, lease_, name, info->number);
    if (!waits) return pass(std::move(waits));
    // A failure does not matter: the next installation prunes again.
    static_cast<void>(store_.prune(lease_, name, installation.keep));
    return info;
  }
  // A staged version is older than this one.
  static_cast<void>(store::unstage(store_, lease_, name));
  Event event =
      event_of(EventType::installed, name, installation.bundle.leaf(),
               fmt::format("version {} was installed from {}", info->number, installation.origin));
  event.version = info->number;
  event.fields.emplace_back("origin", installation.origin);
  events_.tell(std::move(event));
  return info;
}

Result<store::VersionInfo> Installer::import(const config::CertificateSpec& spec,
                                             const crypto::Bundle& bundle, Time now) const {
  const Result<store::StoreReader::Loaded> loaded = store_.load(spec.name);
  if (!loaded) return fail(loaded.error());
  Result<policy::Admission> admitted = judge_import(spec, *loaded, bundle, now);
  if (!admitted) return pass(std::move(admitted));
  return install(*admitted, {.bundle = bundle,
                             .origin = std::string(store::kImported),
                             .expected = number_of(*loaded),
                             .keep = spec.keep,
                             .now = now});
}

Result<void> Installer::roll_back(const std::string& name, store::VersionNumber version,
                                  const std::vector<std::string>& names, Time now) const {
  Result<store::StoredCertificate> wanted = store_.load_version(name, version);
  Result<void> passed =
      wanted ? store::check_stored(*wanted, names, now) : Result<void>(fail(wanted.error()));
  if (!passed) {
    return fail(std::move(passed)
                    .error()
                    .with_kind(ErrorKind::rejected)
                    .with_context(fmt::format("restore version {} of \"{}\"", version, name)));
  }
  // Set the hold first, so that no other engine can undo the rollback between the two steps.
  const store::VersionNumber before = held_version(store_, name);
  Result<void> done = hold(store_, lease_, name, version);
  if (!done) return done;
  // A staged version must not replace it later.
  if (Result<void> dropped = store::unstage(store_, lease_, name); !dropped) return dropped;
  done = store_.restore(lease_, policy::readmit(name, wanted->bundle), version);
  if (done) {
    Event event = event_of(EventType::installed, name, wanted->bundle.leaf(),
                           fmt::format("version {} was restored by an operator", version));
    event.version = version;
    events_.tell(std::move(event));
    return done;
  }
  static_cast<void>(before == 0 ? release(store_, lease_, name)
                                : hold(store_, lease_, name, before));
  return done;
}

Result<void> Installer::take_back(const std::string& name, store::VersionNumber current,
                                  const store::StoredCertificate& candidate,
                                  const std::string& reason) const {
  const store::VersionNumber version = candidate.info.number;
  // From then on nobody shows it, whatever happens before the next step.
  if (Result<void> held = hold(store_, lease_, name, current, version); !held) return held;
  static_cast<void>(store::unstage(store_, lease_, name));
  Event event = event_of(EventType::rolled_back, name, candidate.bundle.leaf(), reason);
  event.version = version;
  event.fields.emplace_back("origin", candidate.info.origin);
  event.fields.emplace_back("current_version", fmt::format("{}", current));
  events_.tell(std::move(event));
  return {};
}

Result<void> Installer::show(const std::string& name,
                             const store::StoredCertificate& staged) const {
  const store::VersionInfo& info = staged.info;
  Result<void> done = store_.restore(lease_, policy::readmit(name, staged.bundle), info.number);
  if (!done) return done;
  // The mark means nothing when the version is current.
  static_cast<void>(store::unstage(store_, lease_, name));
  Event event = event_of(EventType::installed, name, staged.bundle.leaf(),
                         fmt::format("version {} from {}, which was stored before, is current",
                                     info.number, info.origin));
  event.version = info.number;
  event.fields.emplace_back("origin", info.origin);
  events_.tell(std::move(event));
  return done;
}

Result<void> Installer::mend(const std::string& name,
                             const store::StoredCertificate& intact) const {
  return store_.restore(lease_, policy::readmit(name, intact.bundle), intact.info.number);
}

Result<store::VersionInfo> Installer::put_back(const config::CertificateSpec& spec,
                                               const LastCopy& copy, store::VersionNumber expected,
                                               Time now) const {
  Result<policy::Admission> admitted = policy::admit_stored(spec, copy.bundle, now);
  if (!admitted) {
    return fail(std::move(admitted).error().with_kind(ErrorKind::rejected));
  }
  // Does not ask the hooks: it was installed before.
  Result<store::VersionInfo> installed = put(*admitted, {.bundle = copy.bundle,
                                                         .origin = copy.origin,
                                                         .expected = expected,
                                                         .keep = spec.keep,
                                                         .now = now,
                                                         .ocsp_response = copy.ocsp_response});
  if (installed && held_version(store_, spec.name) == copy.version) {
    // If this fails, the engine goes on without a hold.
    static_cast<void>(
        hold(store_, lease_, spec.name, installed->number, refused_canary(store_, spec.name)));
  }
  return installed;
}

Result<store::VersionInfo> Installer::adopt(const config::CertificateSpec& spec,
                                            const store::StoredSearch::Found& found,
                                            store::VersionNumber expected, Time now) const {
  const store::StoredCertificate& stored = found.certificate;
  Result<policy::Admission> admitted = policy::admit_stored(spec, stored.bundle, now);
  if (!admitted) return pass(std::move(admitted));
  if (found.entry == spec.name) {
    Result<void> restored = store_.restore(lease_, *admitted, stored.info.number);
    if (!restored) return pass(std::move(restored));
    return stored.info;
  }
  // Does not ask the hooks: at the agent's start this is the best certificate that there is.
  Result<store::VersionInfo> installed = put(*admitted, {.bundle = stored.bundle,
                                                         .origin = stored.info.origin,
                                                         .expected = expected,
                                                         .keep = spec.keep,
                                                         .now = now});
  if (installed && !stored.ocsp_response.empty()) {
    // If this fails, the responder is asked again.
    static_cast<void>(
        store_.keep_response(lease_, spec.name, installed->number, stored.ocsp_response));
  }
  return installed;
}

}  // namespace ccm::lifecycle
