// SPDX-License-Identifier: Apache-2.0
// Fills the catalogues of a server for its first moment (server/start/bootstrap.h) with everything
// in the store that they show. Takes a value from the new or the previous segment if it is there
// and the store still has it unchanged. For one start of a server's master.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "publication/reader.h"
#include "publication/writer.h"
#include "server/start/shortcuts.h"
#include "store/store_reader.h"

namespace ccm::server {

struct CatalogueStart {
  publication::Writer& writer;
  const publication::Reader* previous = nullptr;  // of the segment before; nullptr: there is none
  const store::StoreReader& store;
  Result<std::vector<std::string>> entries = {};  // of the store, as its names() gives them
  // What of the store each catalogue shows; a catalogue without a spec shows everything.
  std::span<const config::CatalogueSpec> specs = {};
  Time now;
  const Shortcuts* shortcuts = nullptr;  // nullptr: there are none
  bool is_store_believed = true;         // false: only what was shown before
};

void fill_catalogues(const CatalogueStart& start, Log& log);

}  // namespace ccm::server
