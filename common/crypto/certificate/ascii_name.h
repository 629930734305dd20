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
// stays. Follows UTS #46, non-transitional, and checks the result against IDNA2008 (RFC 5891). Does
// not check a name of ASCII letters, so pass the result to parse_server_name (names.h). `invalid`
// with a sentence when the text is not UTF-8 or a label has no such form.
Result<std::string> to_ascii_name(std::string_view name);

}  // namespace ccm::crypto
