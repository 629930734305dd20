// SPDX-License-Identifier: Apache-2.0
// The lists that nginx looks for in a module that it loads. CMake links this file; nginx's own
// configure writes the lists itself (config).
#include "ngx_api.h"

namespace {

// nginx declares its lists as writable strings and does not write to them.
char core_name[] = "ngx_ccm_module";
char http_name[] = "ngx_http_ccm_module";
char http_ssl_name[] = "ngx_http_ssl_module";
char stream_name[] = "ngx_stream_ccm_module";
char stream_ssl_name[] = "ngx_stream_ssl_module";
char misplaced_name[] = "ngx_ccm_misplaced_module";

}  // namespace

ngx_module_t* ngx_modules[] = {&ngx_ccm_module, &ngx_http_ccm_module, &ngx_stream_ccm_module,
                               &ngx_ccm_misplaced_module, nullptr};
char* ngx_module_names[] = {core_name, http_name, stream_name, misplaced_name, nullptr};
// Before nginx's SSL modules, so that our merge sees what was written on each level.
char* ngx_module_order[] = {http_name, http_ssl_name, stream_name, stream_ssl_name, nullptr};
