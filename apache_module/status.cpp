// SPDX-License-Identifier: Apache-2.0
#include "status.h"

#include <string>
#include <string_view>

#include "boundary.h"
#include "main_conf.h"

namespace ccm::apache {
namespace {

constexpr std::string_view kHandler = "ccm-status";

std::string_view view_of(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

int answer_status(request_rec* request) noexcept {
  return hook_boundary(HTTP_INTERNAL_SERVER_ERROR, [&] {
    if (view_of(request->handler) != kHandler) return DECLINED;
    if (const int discarded = ap_discard_request_body(request); discarded != OK) return discarded;
    const server::StatusAnswer answer =
        main_conf_of(request->server)
            .deployment.answer({.method = view_of(request->method),
                                .path = view_of(request->uri),
                                .query = view_of(request->args),
                                .accept = view_of(apr_table_get(request->headers_in, "Accept"))});
    request->status = static_cast<int>(answer.status);
    ap_set_content_type(request, apr_pstrdup(request->pool, answer.type.c_str()));
    ap_set_content_length(request, static_cast<apr_off_t>(answer.body.size()));
    for (const auto& [name, value] : answer.headers) {
      apr_table_set(request->headers_out, name.c_str(), value.c_str());
    }
    if (request->header_only == 0) {
      ap_rwrite(answer.body.data(), static_cast<int>(answer.body.size()), request);
    }
    return OK;
  });
}

int add_to_status(request_rec* request, int flags) noexcept {
  return hook_boundary(OK, [&] {
    const server::StatusReport report = main_conf_of(request->server).deployment.status();
    if (report.certificates.empty()) return OK;
    const bool is_short = (flags & AP_STATUS_SHORT) != 0;
    const std::string text =
        is_short ? server::status_lines(report) : server::status_section(report);
    ap_rwrite(text.data(), static_cast<int>(text.size()), request);
    return OK;
  });
}

}  // namespace ccm::apache
