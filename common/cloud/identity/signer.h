// SPDX-License-Identifier: Apache-2.0
// SDK-HMAC-SHA256, the signature of the vendor's API gateway (docs/design/signing.md). Pure: time
// comes in with the request, nothing is sent. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "cloud/identity/credentials.h"
#include "cloud/transport/http_client.h"

namespace ccm::cloud {

struct SigningRequest {
  std::string_view method;
  std::string_view host;  // with the port when the endpoint spells one
  std::string_view path;  // as it will stand on the request line
  const Query& query;     // raw, not encoded
  // What will be sent. X-Sdk-Date and Host are added unless present; X-Security-Token, X-Domain-Id
  // and X-Project-Id are the caller's to add before signing. No Authorization.
  Headers headers;
  std::string_view body;
  Time now;
};

struct SignedRequest {
  Headers headers;  // the caller's, what signing added, and Authorization: send exactly these
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;
  std::string authorization;
};

SignedRequest sign(const AccessKey& key, SigningRequest request);

// Everything but A-Z a-z 0-9 - . _ ~ as %XX (docs/design/signing.md, "Percent encoding").
std::string percent_encode(std::string_view text);
// The query sorted and encoded: the same text is signed and put on the request line.
std::string canonical_query(Query query);

}  // namespace ccm::cloud
