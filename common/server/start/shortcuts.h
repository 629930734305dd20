// SPDX-License-Identifier: Apache-2.0
// What a starting server may show without reading it from the store: entries of the leader's
// snapshot (publication/snapshot.h) that are up to date. An entry counts only while the store's
// current version and OCSP response are the ones from which it was made. When the store has lost a
// certificate, the entry is a copy of it, and better than a placeholder.
//
// For one start of a server's master; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "publication/codec.h"
#include "publication/snapshot.h"
#include "store/catalogued.h"
#include "store/store_reader.h"

namespace ccm::server {

class Shortcuts {
 public:
  // Borrows the store. Without a trusted snapshot there are no shortcuts.
  Shortcuts(const store::StoreReader& store, const std::string& state_path, Time now);

  // The entry with what the store would give for the certificate. nullptr when the store must be
  // read: the entry is missing, out of date or damaged, its names or dates do not fit, or the
  // gate's rules have changed since.
  const publication::SnapshotEntry* find(const config::CertificateSpec& spec) const;

  // The copy of a certificate that the store has lost. It is verified, covers the names, is in
  // force and passes the gate's rules about a bundle by itself.
  struct Copy {
    store::VersionNumber version = 0;
    publication::Published published;
    bool is_put_back = true;  // false: an earlier release wrote it and did not say where it is from
  };
  std::optional<Copy> copy_of(const config::CertificateSpec& spec) const;
  // The entry of a certificate for a catalogue, also of one that the store has lost or damaged;
  // nullptr when none can be shown. The caller compares it with the store.
  const publication::SnapshotEntry* copy_for_catalogue(const std::string& name) const;
  // The revision of the store up to which the entries are up to date; nullopt: not known.
  std::optional<store::Revision> revision() const;
  // Whether the snapshot has any entry for the certificate, in force or not.
  bool knows(std::string_view name) const;
  // All entries that copy_for_catalogue() gives.
  std::vector<const publication::SnapshotEntry*> in_force() const;

 private:
  bool is_current(const config::CertificateSpec& spec,
                  const publication::SnapshotEntry& entry) const;
  // Whether it is in force, its OCSP response as well, and has passed the gate's present rules.
  bool is_usable(const publication::SnapshotEntry& entry) const noexcept;
  bool is_in_force(const publication::SnapshotEntry& entry) const noexcept;

  const store::StoreReader& store_;
  Time now_;
  publication::Snapshot snapshot_;
};

}  // namespace ccm::server
