// SPDX-License-Identifier: Apache-2.0
// Tells somebody who keeps up with the store which certificates to look at: those that have
// changed. The store knows them (StoreReader::changes_since). It does not know what was changed
// behind its back, as by a restored backup; altered_files.h finds that out.
//
// Belongs to one thread. Borrows the configuration and the store.
#pragma once

#include <vector>

#include "config/config.h"
#include "store/store_reader.h"

namespace ccm::agent {

class StoreFollower {
 public:
  StoreFollower(const config::Config& config, const store::StoreReader& store)
      : config_(config), store_(store) {}

  // The certificates that have changed since the last call, each once. All of them at the first
  // call, and when the store does not know what has changed.
  std::vector<const config::CertificateSpec*> next();

 private:
  const config::Config& config_;
  const store::StoreReader& store_;
  store::Revision revision_;
};

}  // namespace ccm::agent
