// SPDX-License-Identifier: Apache-2.0
// Where the services are (docs/design/auth.md, "Regions and endpoints"). Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/url.h"

namespace ccm::cloud {

// Base URLs without a trailing slash. Empty: this region has no such service; the operator must
// name the endpoint.
struct Endpoints {
  std::string iam;
  std::string scm;
  std::string pca;
  // Only an operator's tool calls this one.
  std::string apig{};
  std::string sts{};
  // Every region's endpoint shows all public zones, so there is always one.
  std::string dns{};
};

// What a region gives; SCM and PCA of one site may live in different regions (the international
// site: SCM in ap-southeast-1, PCA in ap-southeast-3). Explicit overrides win, field by field; one
// without a scheme is https.
Endpoints endpoints_for(const std::string& region, const Endpoints& overrides);

// The regions that the vendor's own tools know, sorted, to recognise a typing error. There may be
// others.
std::span<const std::string_view> known_regions() noexcept;

// A base URL taken apart: what is signed as Host is `authority`; `path` has no trailing slash and
// is empty for a bare host. `invalid` unless it is http(s)://host[:port][/path] without user, query
// or fragment.
Result<UrlParts> split_url(std::string_view url);

// Whether credentials may be sent there: https, or plain http to this very machine.
Result<UrlParts> require_safe_endpoint(std::string_view url);
// The same for the ECS metadata service, which is plain http on a link-local address
// (docs/design/auth.md, "ECS agency").
Result<UrlParts> require_metadata_endpoint(std::string_view url);

}  // namespace ccm::cloud
