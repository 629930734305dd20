// SPDX-License-Identifier: Apache-2.0
// A staged version: it is stored and not current yet, because its certificate may change only at
// certain hours (lifecycle/attempt/activation.h), or because it is first tried out with a share of
// the handshakes (lifecycle/attempt/canary.h). It is the record "staged" of its certificate, and
// means nothing once that version or a later one is current. No store removes a staged version.
//
// Any process may read it; the holder of the lease writes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace ccm::store {

inline constexpr std::string_view kStagedKind = "staged";

// The number of the staged version; 0 when there is none.
VersionNumber staged_version(const StoreReader& store, const std::string& name);
Result<void> stage(Store& store, const Lease& lease, const std::string& name,
                   VersionNumber version);

// The staged version, while it is tried out.
struct Canary {
  VersionNumber version = 0;
  Time since{};

  bool operator==(const Canary&) const = default;
};
// nullopt: none is staged, or its canary has not begun.
std::optional<Canary> staged_canary(const StoreReader& store, const std::string& name);
// To be called for the staged version.
Result<void> begin_canary(Store& store, const Lease& lease, const std::string& name,
                          const Canary& canary);
// Succeeds when none waits. The version stays in the store, and is not current.
Result<void> unstage(Store& store, const Lease& lease, const std::string& name);

}  // namespace ccm::store
