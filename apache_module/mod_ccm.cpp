// SPDX-License-Identifier: Apache-2.0
// httpd's entry point: the module's record and its hooks.
#include "ap_api.h"
#include "directives.h"
#include "process.h"
#include "proof.h"
#include "status.h"
#include "tls.h"

namespace ccm::apache {
namespace {

void register_hooks(apr_pool_t*) noexcept {
  // The core redirects standard error to the error log.
  static const char* const kBeforeCore[] = {"core.c", nullptr};
  ap_hook_check_config(check_config, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_open_logs(open_logs, nullptr, kBeforeCore, APR_HOOK_REALLY_FIRST);
  ap_hook_post_config(post_config, nullptr, nullptr, APR_HOOK_REALLY_LAST);
  ap_hook_child_init(enter_child, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_monitor(monitor, nullptr, nullptr, APR_HOOK_MIDDLE);

  ap_hook_quick_handler(answer_authority, nullptr, nullptr, APR_HOOK_REALLY_FIRST);
  ap_hook_handler(answer_status, nullptr, nullptr, APR_HOOK_MIDDLE);
  APR_OPTIONAL_HOOK(ap, status_hook, add_to_status, nullptr, nullptr, APR_HOOK_MIDDLE);

  ap_hook_ssl_add_cert_files(add_certificate_files, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_ssl_ocsp_prime_hook(take_over_stapling, nullptr, nullptr, APR_HOOK_FIRST);
  // Runs last, so that our callbacks replace those of other modules.
  APR_OPTIONAL_HOOK(ssl, init_server, install, nullptr, nullptr, APR_HOOK_REALLY_LAST);
}

}  // namespace
}  // namespace ccm::apache

// STANDARD20_MODULE_STUFF would name the module after this file, and <IfModule mod_ccm.c> is what
// httpd's users write.
module_struct AP_MODULE_DECLARE_DATA ccm_module = {
    MODULE_MAGIC_NUMBER_MAJOR,
    MODULE_MAGIC_NUMBER_MINOR,
    -1,  // index; httpd's
    "mod_ccm.c",
    nullptr,  // handle of the library; httpd's
    nullptr,  // next module; httpd's
    MODULE_MAGIC_COOKIE,
    nullptr,  // rewrite_args
    nullptr,  // create_dir_config
    nullptr,  // merge_dir_config
    nullptr,  // create_server_config
    nullptr,  // merge_server_config
    ccm::apache::commands(),
    ccm::apache::register_hooks,
    0,  // flags
};
