// SPDX-License-Identifier: Apache-2.0
// Handlers of the SCM v3 operations, by the file that holds them. Called under World's lock.
#pragma once

#include "service/operation.h"

namespace emulator::scm {

// scm_list.cpp
Reply list_certificates(Call& call);
// The caller's records that fit the call's filters, in the order it asks for; `status_field` names
// the parameter with the state, which v2 calls differently.
std::vector<json> chosen_records(Call& call, const char* status_field);

// scm_certificates.cpp
Reply show_certificate(Call& call);
Reply delete_certificate(Call& call);
Reply export_certificate(Call& call);

// scm_import.cpp
Reply import_certificate(Call& call);
struct ImportWish {
  std::string name;
  std::string certificate;  // PEM, may have the chain behind the leaf
  std::string chain;        // PEM, wins over that one
  std::string private_key;  // PEM
};
// Checks and stores; returns the new record's identifier.
json import_into_scm(Call& call, const ImportWish& wish);
bool is_certificate_name(const Call& call, const std::string& name);

// scm_orders.cpp
Reply subscribe_certificate(Call& call);
Reply apply_certificate(Call& call);
Reply cancel_certificate_request(Call& call);
// What people fill in when they apply.
json application_info(const Call& call);
// Takes the names of a CSR; throws SCM.0034 or SCM.0033.
std::vector<std::string> csr_names(const std::string& csr);
// The names must be well-formed, distinct, and fit what was bought.
void check_names(const json& record, const std::vector<std::string>& names);
// Lets the record change to `state` by itself when `wait_ms` has passed; never when that is
// negative.
void change_later(const Call& call, json& record, const char* state, std::int64_t wait_ms);

}  // namespace emulator::scm
