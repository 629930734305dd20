// SPDX-License-Identifier: Apache-2.0
// What the catalogues of a server have from its first moment (server/start/bootstrap.h): everything
// in the store that they show. What the segment has already, or the previous one had, is taken from
// there when the store still has it so. One start of a server's master.
#pragma once

#include <span>

#include "base/clock.h"
#include "base/log.h"
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
  // What of the store each catalogue shows: everything where there is none of its name.
  std::span<const config::CatalogueSpec> specs = {};
  Time now;
  const Shortcuts* shortcuts = nullptr;  // nullptr: there are none
  bool is_store_believed = true;         // false: only what was shown before
};

void fill_catalogues(const CatalogueStart& start, Log& log);

}  // namespace ccm::server
