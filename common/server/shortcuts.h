// SPDX-License-Identifier: Apache-2.0
// What a starting server may show without reading it from the store: entries of the leader's
// snapshot (publication/snapshot.h) that are still true. The store decides: an entry counts only
// while the store's current version and OCSP response are the ones that it was made of.
//
// One start of a server's master.
#pragma once

#include <string>

#include "base/clock.h"
#include "config/config.h"
#include "publication/snapshot.h"
#include "store/catalogued.h"
#include "store/store_reader.h"

namespace ccm::server {

class Shortcuts {
 public:
  // Borrows the store. Without a snapshot that can be believed there are no shortcuts.
  Shortcuts(const store::StoreReader& store, const std::string& state_path, Time now);

  // What the store would give for it, encoded; nullptr when the store has to be asked: the snapshot
  // lacks it, is older or damaged there, the names or the dates do not fit, or the gate's rules
  // have changed since.
  const Secret* find(const config::CertificateSpec& spec) const;
  // The same of what a catalogue shows, which is what the traces say (store/catalogued.h).
  const Secret* find_catalogued(const std::string& name, const store::EntryTraces& traces) const;

 private:
  bool is_current(const config::CertificateSpec& spec,
                  const publication::SnapshotEntry& entry) const;

  const store::StoreReader& store_;
  Time now_;
  publication::Snapshot snapshot_;
};

}  // namespace ccm::server
