// SPDX-License-Identifier: Apache-2.0
// Internationalised server names in the form that certificates and TLS carry. Pure functions, any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ccm::crypto {

// The name with every label that is not ASCII in its xn-- form, lower case, without a dot at the
// end: "Müller.example." gives "xn--mller-kva.example", however the ü is composed. "*." in front
// stays. UTS #46, non-transitional, and the rules of IDNA2008 (RFC 5891) for what it makes. A name
// of ASCII letters only is not judged, so that the result still has to go through
// parse_server_name (names.h). `invalid` with a sentence when the text is no UTF-8 or a label has
// no such form.
Result<std::string> to_ascii_name(std::string_view name);

}  // namespace ccm::crypto
