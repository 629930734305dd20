// SPDX-License-Identifier: Apache-2.0
// The base URLs of services as operators write them. Pure functions; config room only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ccm::config {

// "https://host[:port]" in lower case without a trailing slash. `invalid` for another scheme, for a
// path, a query, a user or a password in it.
Result<std::string> parse_endpoint(std::string_view text);
// The same for a member of etcd, which has to name its port. Plain http to this very machine only.
Result<std::string> parse_etcd_endpoint(std::string_view text);
// The same for the metadata service, which speaks plain HTTP on a link-local address.
Result<std::string> parse_metadata_endpoint(std::string_view text);
// "http://host[:port]", or empty for "off".
Result<std::string> parse_proxy(std::string_view text);

}  // namespace ccm::config
