// SPDX-License-Identifier: Apache-2.0
// Private CAs: their records and the signing of their certificates. Called under World's lock.
#pragma once

#include "pca/pca_records.h"

namespace emulator {

// A PENDING CA without subject and key, as it is ordered; not stored.
json new_ca_shell(World& world, const std::string& domain_id);
// The same with a key of its own, not stored.
json new_ca_record(World& world, const std::string& domain_id, const std::string& type,
                   const json& subject, const std::string& key_algorithm);

struct CaSigning {
  Period period;
  int path_length = 0;
  std::string hash = "SHA256";
  std::vector<std::string> key_usages = {"digitalSignature", "keyCertSign", "cRLSign"};
};
// Signs the CA with `parent` (null: with itself) and makes the record ACTIVED.
void sign_ca(World& world, json& ca, const json* parent, const CaSigning& signing);

// pca_crl.cpp
json no_crl(const std::string& ca_id);
// The CRL configuration that is asked for, checked: a bucket of the caller's and the agency to
// write into it are needed. Throws PCA.00020204.
json crl_settings(const Call& call, const json& asked, const std::string& ca_id);
bool has_obs_agency(const Call& call);
std::string obs_bucket(const Call& call);
// Where the issuer's CRL and OCSP answers are, when the issuer has them switched on.
void enter_revocation_urls(const World& world, const json& issuer, CertificateSpec& spec);
// RFC 5280 section 5.3.1 in the reference's words.
const std::vector<std::string>& revocation_reasons();
int reason_number(const std::string& reason);

namespace pca {

// pca_authority.cpp
Reply create_ca(Call& call);
Reply activate_ca(Call& call);

// pca_authority_states.cpp
Reply list_cas(Call& call);
Reply show_ca(Call& call);
Reply delete_ca(Call& call);
Reply restore_ca(Call& call);
Reply disable_ca(Call& call);
Reply enable_ca(Call& call);
Reply export_ca(Call& call);
Reply export_ca_csr(Call& call);
Reply show_ca_quota(Call& call);
Reply show_certificate_quota(Call& call);

}  // namespace pca
}  // namespace emulator
