// SPDX-License-Identifier: Apache-2.0
// User and password of a proxy that wants them (RFC 9110 section 11.7, Basic). They come from a
// file of one line, "user:password", and go to the proxy only. Owned by the HTTP client; any
// thread.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/secret.h"

namespace ccm::cloud {

struct ProxyLogin {
  Secret user;
  Secret password;
};
// Shared, because several clients go through one proxy.
using SharedProxyLogin = std::shared_ptr<const ProxyLogin>;

// The file's text. The user ends at the first colon; both may contain anything else but a zero and
// a line end. `invalid` with a sentence that repeats nothing of the text.
Result<SharedProxyLogin> parse_proxy_login(const Secret& text);

}  // namespace ccm::cloud
