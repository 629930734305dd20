// SPDX-License-Identifier: Apache-2.0
// The last copy of a certificate that the store has lost: its folder is gone, or all that is in it
// is damaged. The leader keeps such copies for the start of servers
// (agent/publishing/snapshot_keeper.h), and an attempt puts one back (attempt.h).
//
// Values; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crypto/certificate/bundle.h"
#include "store/store_reader.h"

namespace ccm::lifecycle {

struct LastCopy {
  store::VersionNumber version = 0;  // its version in the store
  std::string origin;
  crypto::Bundle bundle;
  std::vector<std::byte> ocsp_response;  // DER; empty: there was none
};

// nullopt: there is none. Any thread.
using LastCopyOf = std::function<std::optional<LastCopy>(const std::string& name)>;

// Whether the copy is newer than what the store still has, if it has anything. load() gives an
// older version when the current one is damaged.
inline bool is_newer(const LastCopy& copy, const std::optional<store::StoredCertificate>& stored) {
  return !stored || stored->info.number < copy.version;
}

}  // namespace ccm::lifecycle
