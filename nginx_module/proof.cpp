// SPDX-License-Identifier: Apache-2.0
#include "proof.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "boundary.h"
#include "process.h"

namespace ccm::nginx {
namespace {

std::string_view view(const ngx_str_t& text) {
  return {reinterpret_cast<const char*>(text.data), text.len};
}

// The path as the client wrote it. A path that first has to be decoded or shortened is another
// path.
std::string_view raw_path(const ngx_http_request_t* request) {
  const std::string_view whole = view(request->unparsed_uri);
  return whole.substr(0, whole.find('?'));
}

bool may_be_answered(const ngx_http_request_t* request) {
  return request == request->main && request->internal == 0 &&
         (request->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) != 0;
}

bool set_head(ngx_http_request_t* request, std::size_t size) {
  auto& head = request->headers_out;
  head.status = NGX_HTTP_OK;
  head.content_length_n = static_cast<off_t>(size);
  head.content_type = as_nginx("text/plain");
  head.content_type_len = head.content_type.len;
  auto* line = static_cast<ngx_table_elt_t*>(ngx_list_push(&head.headers));
  if (line == nullptr) return false;
  *line = {};
  line->hash = 1;
  line->key = as_nginx("Cache-Control");
  line->value = as_nginx("no-store");
  return true;
}

// The whole body, unchanged, whatever conditions the request has and whatever filters the server
// has.
void forbid_changes(ngx_http_request_t* request) {
  request->disable_not_modified = 1;
#if (NGX_HTTP_GZIP)
  request->gzip_tested = 1;
  request->gzip_ok = 0;
#endif
}

ngx_int_t send_proof(ngx_http_request_t* request, const std::string& value) {
  ngx_buf_t* body = ngx_create_temp_buf(request->pool, value.size());
  if (body == nullptr || !set_head(request, value.size())) return NGX_ERROR;
  body->last = std::copy(value.begin(), value.end(), body->pos);
  body->last_buf = 1;
  body->last_in_chain = 1;
  forbid_changes(request);
  const ngx_int_t sent = ngx_http_send_header(request);
  if (sent == NGX_ERROR || sent > NGX_OK || request->header_only != 0) return sent;
  ngx_chain_t out{body, nullptr};
  return ngx_http_output_filter(request, &out);
}

// Does what nginx does for a request that a location's content handler answers.
ngx_int_t answer(ngx_http_request_t* request, server::LiveProofs& proofs) {
  if (!may_be_answered(request)) return NGX_DECLINED;
  const std::optional<std::string> value =
      proofs.find(view(request->headers_in.server), raw_path(request));
  if (!value) return NGX_DECLINED;
  request->write_event_handler = ngx_http_request_empty_handler;
  const ngx_int_t discarded = ngx_http_discard_request_body(request);
  ngx_http_finalize_request(request, discarded == NGX_OK ? send_proof(request, *value) : discarded);
  return NGX_DONE;
}

ngx_int_t on_request(ngx_http_request_t* request) noexcept {
  server::LiveProofs* proofs = live_proofs();
  if (proofs == nullptr || !proofs->has_any()) return NGX_DECLINED;
  return at_boundary(
      static_cast<ngx_int_t>(NGX_DECLINED), [](const char*) {},
      [&] { return answer(request, *proofs); });
}

}  // namespace

ngx_int_t answer_authorities(ngx_conf_t* cf) noexcept {
  auto& main = *static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  auto* handler = static_cast<ngx_http_handler_pt*>(
      ngx_array_push(&main.phases[NGX_HTTP_POST_READ_PHASE].handlers));
  if (handler == nullptr) return NGX_ERROR;
  *handler = on_request;
  return NGX_OK;
}

}  // namespace ccm::nginx
