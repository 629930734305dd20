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

// NGINX, APACHE or OTHER: the format to ask PCA for. Key stores are made here, because nobody could
// check PCA's before a server uses them.
std::string_view archive_type(std::string_view format) noexcept;

// API: ExportCertificate of PCA, with the `type` that was asked for. `key_pem` is the operator's
// key, for a certificate made from a CSR; empty: the answer has the key. `rejected` when a
// documented file is missing, the key does not fit the certificate, or the chain is not complete;
// `invalid` when there is no key at all.
Result<crypto::Bundle> read_pca_export(const Answer& answer, std::string_view type,
                                       const Secret& key_pem);
// The same checks for PEM texts.
Result<crypto::Bundle> checked_bundle(std::string_view certificate, std::string_view chain,
                                      const Secret& key_pem);

}  // namespace ccm::cli
