// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/api_client.h"

#include <fmt/format.h>

#include <utility>

namespace ccm::cloud {

Result<Secret> ApiClient::send(std::string_view operation, const Arguments& arguments) const {
  const auto known = find_operation(operation);
  if (!known) return fail(known.error());
  auto request = build_request(**known, arguments);
  if (!request) return pass(std::move(request));
  request->endpoint = endpoint_;
  auto answer = session_.call(*request);
  wipe(request->body);
  return answer;
}

Result<JsonDocument> ApiClient::call(std::string_view operation, const Arguments& arguments) const {
  auto body = send(operation, arguments);
  if (!body) return pass(std::move(body));
  return JsonDocument::parse(body->reveal());
}

Result<Listing> ApiClient::list(std::string_view operation, const Arguments& arguments,
                                std::size_t at_most, Seconds longest) const {
  const auto known = find_operation(operation);
  if (!known) return fail(known.error());
  const SteadyTime deadline = session_.clock().steady_now() + longest;
  const auto fetch = [&](const Arguments& page) -> Result<JsonDocument> {
    if (session_.clock().steady_now() > deadline) {
      return fail(
          ErrorKind::transient,
          fmt::format("the list has not come to its end within {} minutes", longest / Seconds(60)));
    }
    return call(operation, page);
  };
  return read_both_orders(**known, arguments, at_most, fetch);
}

}  // namespace ccm::cloud
