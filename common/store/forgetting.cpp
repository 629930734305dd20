// SPDX-License-Identifier: Apache-2.0
#include "store/forgetting.h"

namespace ccm::store {

bool is_forgotten(const StoreReader& store, const std::string& name) {
  const auto mark = store.read_record(name, kForgotten);
  if (!mark || !*mark) return false;
  const auto state = store.read_record(name, "state");
  return state && !*state;
}

}  // namespace ccm::store
