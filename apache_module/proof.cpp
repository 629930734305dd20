// SPDX-License-Identifier: Apache-2.0
#include "proof.h"

#include <optional>
#include <string>
#include <string_view>

#include "boundary.h"
#include "process.h"

namespace ccm::apache {
namespace {

// httpd counts HEAD as GET.
bool may_be_answered(const request_rec* request) {
  return request->main == nullptr && request->prev == nullptr && request->method_number == M_GET &&
         request->hostname != nullptr && request->parsed_uri.path != nullptr;
}

int answer(request_rec* request, server::LiveProofs& proofs) {
  if (!may_be_answered(request)) return DECLINED;
  // As the client wrote it: httpd decodes and shortens it later, and then it is another path.
  const std::optional<std::string> value = proofs.find(request->hostname, request->parsed_uri.path);
  if (!value) return DECLINED;
  const int discarded = ap_discard_request_body(request);
  if (discarded != OK) return discarded;
  // Always the whole of it.
  apr_table_unset(request->headers_in, "Range");
  apr_table_unset(request->headers_in, "Request-Range");
  ap_set_content_type(request, "text/plain");
  ap_set_content_length(request, static_cast<apr_off_t>(value->size()));
  apr_table_setn(request->headers_out, "Cache-Control", "no-store");
  if (request->header_only == 0) {
    ap_rwrite(value->data(), static_cast<int>(value->size()), request);
  }
  return OK;
}

}  // namespace

int answer_authority(request_rec* request, int is_lookup) noexcept {
  server::LiveProofs* proofs = live_proofs();
  if (is_lookup != 0 || proofs == nullptr || !proofs->has_any()) return DECLINED;
  return hook_boundary(DECLINED, [&] { return answer(request, *proofs); });
}

}  // namespace ccm::apache
