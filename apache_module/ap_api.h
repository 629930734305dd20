// SPDX-License-Identifier: Apache-2.0
// The only place that includes httpd's headers: C declarations with default visibility, so that the
// module's record, which httpd looks up by name, is exported. The build treats the folders they
// come from as system headers, because they do not survive the tree's warnings.
#pragma once

// httpd declares its handlers typed for C only, in which that is the condition.
#define AP_HAVE_DESIGNATED_INITIALIZER

#pragma GCC visibility push(default)
extern "C" {
// The order matters to httpd.
// clang-format off
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_ssl.h>
#include <ap_listen.h>
#include <ap_mpm.h>
#include <mpm_common.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <mod_ssl_openssl.h>
#include <mod_status.h>
// clang-format on

extern module AP_MODULE_DECLARE_DATA ccm_module;
}
#pragma GCC visibility pop
