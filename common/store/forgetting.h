// SPDX-License-Identifier: Apache-2.0
// Letting go of a certificate that no server names any more: with its versions and their private
// keys, or without them. In the second case a mark says that the operator knows of it, "forgotten"
// among its records. The mark counts until the engine works on the certificate again, because a
// configuration names it again: then there is a state beside it.
//
// Whether a server still names it is asked first (host/effective_settings.h). Any process.
#pragma once

#include <string>
#include <string_view>

#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::string_view kForgotten = "forgotten";

// Whether it was forgotten with its versions kept, and nobody has worked on it since.
bool is_forgotten(const StoreReader& store, const std::string& name);

}  // namespace ccm::store
