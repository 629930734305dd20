// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/attempt/responder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "base/url.h"
#include "cloud/reply/errors.h"

namespace ccm::lifecycle {
namespace {

// Short limits: the answers are small, and the next attempt follows soon.
constexpr std::chrono::milliseconds kConnectTimeout{5'000};
constexpr std::chrono::milliseconds kTotalTimeout{15'000};

}  // namespace

Result<OcspReply> Responder::ask(const crypto::Certificate& leaf,
                                 const crypto::Certificate& issuer) const {
  const Result<std::vector<std::byte>> request = crypto::make_ocsp_request(leaf, issuer);
  if (!request) return fail(request.error());
  Result<cloud::HttpResponse> response = http_.send(
      {.method = "POST",
       .url = responder_of(leaf),
       .headers = {{"Content-Type", "application/ocsp-request"},
                   {"Accept", "application/ocsp-response"}},
       .body = std::string(reinterpret_cast<const char*>(request->data()), request->size()),
       .operation = "ocsp",
       .is_repeatable = true,
       .connect_timeout = kConnectTimeout,
       .total_timeout = kTotalTimeout});
  if (!response) return pass(std::move(response));
  const Time now = clock_.now();
  if (response->status != 200) {
    Error error(ErrorKind::transient, fmt::format("the responder answered {}", response->status));
    const auto wait =
        cloud::judge_failure(*response, {.host = "", .iam_action = "", .now = now}).error;
    if (const auto least = wait.retry_after()) error = std::move(error).with_retry_after(*least);
    return fail(std::move(error));
  }
  const std::span<const std::byte> der = response->body.bytes();
  Result<crypto::OcspAnswer> says = crypto::judge_ocsp_response(der, leaf, issuer, now);
  if (!says) return pass(std::move(says));
  if (says->status == crypto::OcspStatus::unknown) {
    return fail(ErrorKind::transient, "the responder does not know the certificate (yet)");
  }
  return OcspReply{.der = {der.begin(), der.end()}, .says = *std::move(says)};
}

std::string responder_of(const crypto::Certificate& leaf) {
  const std::vector<std::string> urls = leaf.ocsp_urls();
  const auto found = std::find_if(urls.begin(), urls.end(), is_plain_http);
  return found == urls.end() ? "" : *found;
}

}  // namespace ccm::lifecycle
