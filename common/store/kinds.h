// SPDX-License-Identifier: Apache-2.0
// The table of the kinds of store: which kind a place means, and how it is opened. Agents, servers
// and ccmctl open their store only through this table. A new kind is a folder and a row. Any
// thread.
//
// The place is the configuration's state_path as this process sees it ("." for an agent, which
// works in it). The files of store/host/ lie in that directory with any kind.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "store/store.h"
#include "store/store_reader.h"
#include "store/survey.h"

namespace ccm::store {

struct Kind {
  std::string_view word;
  bool (*is_meant)(std::string_view place);
  // Creates the store when it is missing. `rejected` when the place holds something other than a
  // store.
  Result<std::unique_ptr<Store>> (*open)(const std::string& place);
  // Changes nothing: a store that does not exist reads as empty.
  std::unique_ptr<const StoreReader> (*open_to_read)(const std::string& place);
  // Why a server must not trust the store; nullopt: it may. `user`: the setting of that name, empty
  // for the default account.
  std::optional<Error> (*distrust)(const std::string& place, const std::string& user);
  // For `ccmctl doctor`.
  Survey (*survey)(const std::string& place, Time now);
};

std::span<const Kind> kinds() noexcept;
// The first row whose is_meant() accepts the place; the last row accepts any.
const Kind& kind_of(std::string_view place) noexcept;

inline Result<std::unique_ptr<Store>> open_store(const std::string& place) {
  return kind_of(place).open(place);
}
inline std::unique_ptr<const StoreReader> open_to_read(const std::string& place) {
  return kind_of(place).open_to_read(place);
}

}  // namespace ccm::store
