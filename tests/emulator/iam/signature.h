// SPDX-License-Identifier: Apache-2.0
// SDK-HMAC-SHA256 from the server's side: what a request's signature must be, computed from what
// arrived. Source: the vendor's signature guide. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/message.h"

namespace emulator {

// Authorization: SDK-HMAC-SHA256 Access=<AK>, SignedHeaders=<a;b>, Signature=<hex>
struct Authorization {
  std::string access_key;
  std::vector<std::string> signed_headers;  // lower case, as listed
  std::string signature;
};

std::optional<Authorization> parse_authorization(const std::string& header);

// The canonical requests a signature may stand for: one, or two for an empty body that came with
// X-Sdk-Content-Sha256. A listed header that did not arrive counts as empty.
std::vector<std::string> canonical_requests(const Request& request,
                                            const std::vector<std::string>& signed_headers);
std::string expected_signature(const std::string& secret_key, const std::string& date,
                               const std::string& canonical);

}  // namespace emulator
