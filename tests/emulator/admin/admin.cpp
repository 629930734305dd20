// SPDX-License-Identifier: Apache-2.0
// The table of the admin side.
#include "admin/admin_handlers.h"
#include "service/catalogue.h"
#include "service/refusal.h"

namespace emulator {
namespace admin {

void refuse(const std::string& sentence, int status) {
  throw Refusal(status, "admin", sentence);
}

}  // namespace admin

namespace {

using Handler = Operation::Handler;

Operation entry(const char* method, std::string path, Handler handler) {
  std::string id = std::string(method) + " " + path;
  return {Service::admin,         std::move(id), method, std::move(path), handler, {},
          Operation::Access::open};
}

}  // namespace

Operations admin_operations() {
  using namespace admin;
  const std::string scm = "/admin/scm/certificates";
  const std::string pca = "/admin/pca/certificates";
  return {
      entry("GET", "/admin", show_info),
      entry("GET", "/admin/faults", list_faults),
      entry("POST", "/admin/faults", add_fault),
      entry("DELETE", "/admin/faults", clear_faults),
      entry("DELETE", "/admin/faults/{id}", remove_fault),
      entry("GET", "/admin/requests", show_requests),
      entry("DELETE", "/admin/requests", clear_log),
      entry("GET", "/admin/counters", show_counters),
      entry("DELETE", "/admin/counters", clear_log),
      entry("GET", "/admin/time", show_time),
      entry("POST", "/admin/time", set_time),
      entry("DELETE", "/admin/time", reset_time),
      entry("POST", "/admin/verify", verify_request),
      entry("GET", "/admin/options", show_options),
      entry("POST", "/admin/options", change_options),
      entry("DELETE", "/admin/options", reset_options),
      entry("GET", "/admin/accounts", list_accounts),
      entry("POST", "/admin/accounts", add_account),
      entry("POST", "/admin/accounts/{id}/rotate", rotate_key),
      entry("POST", "/admin/accounts/{id}/keys", add_key),
      entry("POST", "/admin/keys/{ak}/enable", enable_key),
      entry("POST", "/admin/keys/{ak}/disable", disable_key),
      entry("POST", "/admin/keys/{ak}/lock", lock_key),
      entry("POST", "/admin/keys/{ak}/unlock", unlock_key),
      entry("POST", "/admin/keys/{ak}/permissions", permit_key),
      entry("POST", "/admin/tokens/expire", expire_tokens),
      entry("POST", "/admin/metadata/expire", expire_metadata),
      entry("GET", scm, list_scm),
      entry("POST", scm, create_scm),
      entry("GET", scm + "/{id}", show_scm),
      entry("DELETE", scm + "/{id}", delete_scm),
      entry("POST", scm + "/{id}/renew", renew_scm),
      entry("POST", scm + "/{id}/state", set_scm_state),
      entry("POST", scm + "/{id}/revoke", revoke_scm),
      entry("POST", scm + "/{id}/expire", expire_scm),
      entry("POST", scm + "/{id}/order", change_order),
      entry("POST", scm + "/{id}/order/change", change_order_proofs),
      entry("POST", scm + "/{id}/succeed", succeed_scm),
      entry("POST", "/admin/scm/stock", put_stock),
      entry("GET", "/admin/scm/orders", list_orders),
      entry("POST", "/admin/scm/orders", set_order_plan),
      entry("DELETE", "/admin/scm/orders", reset_order_plan),
      entry("GET", "/admin/scm/places", show_places),
      entry("POST", "/admin/scm/places", set_places),
      entry("DELETE", "/admin/scm/places", reset_places),
      entry("GET", "/admin/dns/zones", list_dns_zones),
      entry("POST", "/admin/dns/zones", create_dns_zone),
      entry("DELETE", "/admin/dns/zones/{id}", delete_dns_zone),
      entry("GET", pca, list_pca),
      entry("POST", pca + "/{id}/revoke", revoke_pca),
      entry("POST", pca + "/{id}/expire", expire_pca),
      entry("POST", "/admin/pca/lifetime", set_pca_lifetime),
      entry("GET", "/admin/pca/authorities", list_cas),
      entry("POST", "/admin/pca/authorities/{id}/state", set_ca_state),
      entry("GET", "/admin/targets", list_targets),
      entry("POST", "/admin/targets", create_target),
      entry("DELETE", "/admin/targets/{id}", delete_target),
      entry("POST", "/admin/agencies", create_agency),
      entry("POST", "/admin/identity-providers", create_identity_provider),
  };
}

}  // namespace emulator
