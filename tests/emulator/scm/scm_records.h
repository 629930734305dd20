// SPDX-License-Identifier: Apache-2.0
// SSL certificates as SCM keeps them: documents of the kind "scm_certificate", their states, and
// the two views the API shows. Called under World's lock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator_clock.h"
#include "pki/authority.h"
#include "service/operation.h"

namespace emulator {

// A record with a fresh identifier ("scs" and 13 digits) and every field, in state PAID, not
// stored.
json new_scm_record(World& world, const std::string& domain_id);
void store_scm_record(World& world, json record);

// The caller's record, brought up to date (a due issuance done, an expiry noticed), or the SCM
// error.
json require_scm_record(Call& call);
// All of an account's records, brought up to date.
std::vector<json> scm_records(World& world, const std::string& domain_id);

struct ScmIssue {
  std::vector<std::string> names;  // first one is the common name
  std::string key = "RSA2048";     // used without a CSR
  std::string csr;                 // PEM; empty lets the cloud make the key
  std::int64_t not_before = 0;     // seconds since 1970
  std::int64_t not_after = 0;      // seconds since 1970
  bool must_staple = false;        // clients refuse it without an OCSP response
};
// Signs the certificate and makes the record ISSUED. The record's own names stay as they are.
void issue_scm_certificate(World& world, json& record, const ScmIssue& issue);
// How long public certificates live: 200 days since 2026-03-15, unless the option `scm_lifetime`
// says otherwise.
struct Lifetime {
  std::int64_t seconds = 200 * kDay;  // from now
  std::int64_t backdate = 3600;       // seconds before now
};
Lifetime scm_lifetime(const World& world);
// Issues what ApplyCertificate asked for, for that time from now.
void issue_applied(World& world, json& record);
// Enters a certificate's facts into the record.
void enter_certificate(json& record, X509* leaf);
// How many names, of which kind: SINGLE_DOMAIN, MULTI_DOMAIN, WILDCARD.
void enter_names(json& record, const std::vector<std::string>& names);
std::vector<std::string> names_of_record(const json& record);

json scm_list_view(const json& record);
// As the historical calls and the search by tags name the fields.
json scm_order_view(const json& record);
json scm_detail_view(const json& record);

}  // namespace emulator
