// SPDX-License-Identifier: Apache-2.0
// The self-signed certificate a server shows before its first real one exists.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/certificate/bundle.h"

namespace ccm::crypto {

// A bundle for `names`, common name "CCM TLS placeholder", valid from one day before `now` for ten
// years, signed by `key` itself. One key may serve many placeholders.
Result<Bundle> make_placeholder(const KeyPair& key, const std::vector<std::string>& names,
                                Time now);
// Whether it looks like a placeholder: signed by its own key, with that common name alone as the
// subject.
bool is_placeholder(const Certificate& certificate);

}  // namespace ccm::crypto
