// SPDX-License-Identifier: Apache-2.0
// Private CAs and certificates as PCA keeps them: documents of the kinds "ca" and
// "pca_certificate", their states, checks of what requests ask for, and signing. Called under
// World's lock.
#pragma once

#include <optional>
#include <string>

#include "pki/authority.h"
#include "service/operation.h"

namespace emulator {

// The caller's CA or certificate, or the PCA error (bad identifier, not found).
json require_ca(Call& call);
json require_pca_certificate(Call& call);
// The CA that shall sign, which must be ACTIVED.
json require_issuer(Call& call, const std::string& id);
void store_ca(World& world, json ca);
// Throws PCA.00030202 for a record that the admin side froze.
void check_not_frozen(const json& record);
// ISSUED, REVOKED or EXPIRED; for a CA also its own states.
std::string state_of(const World& world, const json& record);

Issuer private_issuer(World& world, const json& ca);

struct Period {
  std::int64_t start;  // seconds since 1970
  std::int64_t end;    // seconds since 1970
};
// Reads a Validity object (API reference, table "Validity") and cuts it at the issuer's end;
// `longest_years` is 30 for a root CA, 20 otherwise.
Period period_of(const Call& call, const json& validity, const json* issuer, int longest_years);

void check_subject(const json& subject, bool complete);
std::string checked_key_algorithm(const Call& call);  // RSA2048 when absent
std::string checked_hash(const Call& call);           // SHA256 when absent

// The subject's common name; empty when there is none, as an ordered CA has no subject yet.
std::string common_name_of(const json& record);
// The subject with null for each of the six parts that it lacks, as answers show it.
json whole_subject(json subject);
// The fields every view of a CA or certificate has.
json pca_view(const World& world, const json& record, const char* id_field);

// A complete, ACTIVED CA below `parent` (null: a root) with CRL and OCSP on, stored. For start-up.
json make_private_ca(World& world, const std::string& domain_id, const json& subject,
                     const json* parent);

}  // namespace emulator
