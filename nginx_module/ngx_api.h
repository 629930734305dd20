// SPDX-License-Identifier: Apache-2.0
// The only place that includes nginx's headers: C declarations with default visibility, so that
// what nginx looks up by name (ngx_modules and its company) is exported. The build treats the
// folders they come from as system headers, because they do not survive the tree's warnings.
#pragma once

#pragma GCC visibility push(default)
extern "C" {
// The order matters to nginx.
// clang-format off
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include <ngx_stream.h>
// clang-format on

extern ngx_module_t ngx_ccm_module;
extern ngx_module_t ngx_http_ccm_module;
extern ngx_module_t ngx_stream_ccm_module;
extern ngx_module_t ngx_ccm_misplaced_module;
extern char* ngx_module_order[];
}
#pragma GCC visibility pop
