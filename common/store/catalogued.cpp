// SPDX-License-Identifier: Apache-2.0
#include "store/catalogued.h"

#include <algorithm>
#include <utility>

#include "store/forgetting.h"
#include "store/stored_search.h"

namespace ccm::store {

Traces traces_of(const StoreReader& store, const std::string& name) {
  const VersionNumber version = store.current_version(name);
  if (version == 0 || is_forgotten(store, name)) return {};
  return {.version = version,
          .stamp = store.version_stamp(name),
          .response = store.response_stamp(name)};
}

bool is_store_bare(const StoreReader& store) {
  const auto names = store.names();
  return !names || is_store_bare(store, *names);
}

bool is_store_bare(const StoreReader& store, const std::vector<std::string>& names) {
  return std::none_of(names.begin(), names.end(),
                      [&](const std::string& name) { return store.current_version(name) != 0; });
}

Result<ToCatalogue> load_for_catalogue(const StoreReader& store, const std::string& name,
                                       bool is_shown, Time now) {
  Result<StoreReader::Loaded> loaded = store.load(name);
  if (!loaded) return pass(std::move(loaded));
  ToCatalogue found{.certificate = {}, .response = {}, .problem = std::move(loaded->damage)};
  if (!loaded->certificate || (found.problem && is_shown)) return found;
  const crypto::Certificate& leaf = loaded->certificate->bundle.leaf();
  // When an expired certificate is shown, clients refuse it, but at least under its own name.
  const bool has_ended = leaf.not_after() <= now;
  Result<void> passed = has_ended ? Result<void>() : check_stored(*loaded->certificate, {}, now);
  if (!passed) {
    found.problem = std::move(passed).error();
    return found;
  }
  found.response = staple_of(*loaded->certificate, now);
  found.certificate = std::move(loaded->certificate);
  return found;
}

}  // namespace ccm::store
