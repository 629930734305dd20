// SPDX-License-Identifier: Apache-2.0
#include "status.h"

#include <cstring>
#include <string>
#include <utility>

#include "boundary.h"
#include "main_conf.h"

namespace ccm::nginx {
namespace {

std::string_view view_of(const ngx_str_t& text) {
  return {reinterpret_cast<const char*>(text.data), text.len};
}

// Not every build of nginx has a field for Accept, so the header is searched for among all.
std::string_view accept_of(const ngx_http_request_t& request) {
  constexpr std::string_view kName = "accept";
  for (const ngx_list_part_t* part = &request.headers_in.headers.part; part != nullptr;
       part = part->next) {
    const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      const ngx_table_elt_t& header = headers[i];
      if (header.hash != 0 && header.key.len == kName.size() &&
          std::memcmp(header.lowcase_key, kName.data(), kName.size()) == 0) {
        return view_of(header.value);
      }
    }
  }
  return {};
}

bool add_header(ngx_http_request_t& request, const std::pair<std::string, std::string>& header) {
  auto* element = static_cast<ngx_table_elt_t*>(ngx_list_push(&request.headers_out.headers));
  if (element == nullptr) return false;
  *element = {};
  element->hash = 1;
  element->key = as_nginx(header.first);
  element->value = as_nginx(header.second);
  return true;
}

ngx_int_t send(ngx_http_request_t& request, const server::StatusAnswer& answer) {
  request.headers_out.status = answer.status;
  request.headers_out.content_type = as_nginx(answer.type);
  request.headers_out.content_type_len = answer.type.size();
  request.headers_out.content_length_n = static_cast<off_t>(answer.body.size());
  for (const auto& header : answer.headers) {
    if (!add_header(request, header)) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const ngx_int_t sent = ngx_http_send_header(&request);
  if (sent == NGX_ERROR || sent > NGX_OK || request.header_only != 0) return sent;
  auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(request.pool));
  if (buffer == nullptr) return NGX_ERROR;
  const ngx_str_t body = as_nginx(answer.body);
  buffer->start = buffer->pos = body.data;
  buffer->end = buffer->last = body.data + body.len;
  buffer->memory = 1;
  buffer->last_buf = request.main == &request ? 1 : 0;
  buffer->last_in_chain = 1;
  ngx_chain_t out{buffer, nullptr};
  return ngx_http_output_filter(&request, &out);
}

ngx_int_t answer_request(ngx_http_request_t* request) noexcept {
  const auto* cycle = const_cast<const ngx_cycle_t*>(ngx_cycle);
  return at_boundary(
      ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR},
      [cycle](const char* what) { NginxLog(cycle).write(Severity::crit, what); },
      [&]() -> ngx_int_t {
        if (ngx_http_discard_request_body(request) != NGX_OK) {
          return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        // Lives in the pool, because nginx goes on sending when this function has returned.
        auto* answer = create_in<server::StatusAnswer>(request->pool);
        if (answer == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
        *answer = main_conf_of(cycle).deployment.answer({.method = view_of(request->method_name),
                                                         .path = view_of(request->uri),
                                                         .query = view_of(request->args),
                                                         .accept = accept_of(*request)});
        return send(*request, *answer);
      });
}

}  // namespace

char* on_status_directive(ngx_conf_t* cf, ngx_command_t*, void*) noexcept {
  auto* location = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  location->handler = answer_request;
  return kConfOk;
}

}  // namespace ccm::nginx
