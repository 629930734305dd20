// SPDX-License-Identifier: Apache-2.0
// Forgetting a certificate that no server names any more. Its versions and their private keys are
// removed or kept. When they are kept, the record "forgotten" marks the entry. The mark counts
// until a configuration names the certificate again and the engine writes a state for it.
//
// The caller first checks that no server names it (host/effective_settings.h). Any process.
#pragma once

#include <string>
#include <string_view>

#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::string_view kForgotten = "forgotten";

// Whether the certificate was forgotten with its versions kept, and the engine has not worked on it
// since.
bool is_forgotten(const StoreReader& store, const std::string& name);

}  // namespace ccm::store
