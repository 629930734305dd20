// SPDX-License-Identifier: Apache-2.0
// Reads and checks PCA's answer to an export: a ZIP archive, raw or in base64, or JSON. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "cli/cloud/cloud_access.h"
#include "crypto/certificate/bundle.h"

namespace ccm::cli {

// NGINX, APACHE or OTHER: what the archive is to be made for. Key stores are made here: what is in
// PCA's, nobody could check before a server does.
std::string_view archive_type(std::string_view format) noexcept;

// API: ExportCertificate of PCA, `type` as asked for. `key_pem`: the operator's, for a certificate
// made from a CSR; empty: the answer's. `rejected` when a documented file is missing, the key fits
// no certificate, or the chain does not lead anywhere; `invalid` when the key is nowhere.
Result<crypto::Bundle> read_pca_export(const Answer& answer, std::string_view type,
                                       const Secret& key_pem);
// From PEM texts, checked the same way.
Result<crypto::Bundle> checked_bundle(std::string_view certificate, std::string_view chain,
                                      const Secret& key_pem);

}  // namespace ccm::cli
