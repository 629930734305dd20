// SPDX-License-Identifier: Apache-2.0
// Handlers of the admin side, by the file that holds them. docs/emulator.md describes them.
// Called under World's lock.
#pragma once

#include "service/operation.h"

namespace emulator::admin {

// A mistake in an admin call: 400 with one sentence.
[[noreturn]] void refuse(const std::string& sentence, int status = 400);

// admin_control.cpp
Reply show_info(Call& call);
Reply list_faults(Call& call);
Reply add_fault(Call& call);
Reply remove_fault(Call& call);
Reply clear_faults(Call& call);
Reply show_requests(Call& call);
Reply show_counters(Call& call);
Reply clear_log(Call& call);
Reply show_time(Call& call);
Reply set_time(Call& call);
Reply reset_time(Call& call);
Reply verify_request(Call& call);
Reply show_options(Call& call);
Reply change_options(Call& call);
Reply reset_options(Call& call);

// admin_accounts.cpp
Reply list_accounts(Call& call);
Reply add_account(Call& call);
Reply rotate_key(Call& call);
Reply add_key(Call& call);
Reply enable_key(Call& call);
Reply disable_key(Call& call);
Reply lock_key(Call& call);
Reply unlock_key(Call& call);
Reply permit_key(Call& call);
Reply expire_tokens(Call& call);
Reply expire_metadata(Call& call);

// admin_scm.cpp
Reply list_scm(Call& call);
Reply show_scm(Call& call);
Reply create_scm(Call& call);
Reply renew_scm(Call& call);
Reply set_scm_state(Call& call);
Reply revoke_scm(Call& call);
Reply expire_scm(Call& call);
Reply delete_scm(Call& call);

// admin_orders.cpp
Reply put_stock(Call& call);
Reply list_orders(Call& call);
Reply set_order_plan(Call& call);
Reply reset_order_plan(Call& call);
Reply change_order(Call& call);
Reply change_order_proofs(Call& call);
Reply succeed_scm(Call& call);
Reply show_places(Call& call);
Reply set_places(Call& call);
Reply reset_places(Call& call);

// admin_dns.cpp
Reply list_dns_zones(Call& call);
Reply create_dns_zone(Call& call);
Reply delete_dns_zone(Call& call);

// admin_pca.cpp
Reply list_pca(Call& call);
Reply revoke_pca(Call& call);
Reply expire_pca(Call& call);
Reply set_pca_lifetime(Call& call);
Reply list_cas(Call& call);
Reply set_ca_state(Call& call);

// admin_targets.cpp
Reply list_targets(Call& call);
Reply create_target(Call& call);
Reply delete_target(Call& call);
Reply create_agency(Call& call);
Reply create_identity_provider(Call& call);

}  // namespace emulator::admin
