// SPDX-License-Identifier: Apache-2.0
// Private Certificate Authority, API v1 (catalogue.h, service "pca"): the operations the engine
// needs. Thread-safe as far as Session is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "cloud/api/api_client.h"
#include "crypto/key/key_type.h"

namespace ccm::cloud {

struct PcaAuthority {
  std::string id;
  std::string status;  // ACTIVED when usable (ShowCertificateAuthority)
  std::optional<Time> not_after;
};

struct PcaCertificate {
  std::string id;
  std::string status;  // ISSUED, REVOKED, EXPIRED
  std::string common_name;
  std::string serial;
  std::optional<Time> created_at;
  std::optional<Time> not_after;
};

struct PcaExport {
  std::string certificate;
  std::string certificate_chain;
  Secret private_key;  // empty for a certificate issued from a CSR
};

// Whole days at least one, or hours when shorter than a day (validity type DAY or HOUR).
struct PcaValidity {
  Seconds duration;
};

class PcaClient {
 public:
  PcaClient(Session& session, std::string endpoint);

  // API: ShowCertificateAuthority.
  Result<PcaAuthority> show_authority(const std::string& id);
  // API: CreateCertificateByCsr. Returns the certificate id. Not idempotent: after an unclear
  // outcome look with find() before repeating.
  Result<std::string> issue_by_csr(const std::string& issuer_id, const std::string& csr_pem,
                                   PcaValidity validity);
  // API: CreateCertificate: key made by the service. `names` are canonical, first is common name.
  Result<std::string> issue(const std::string& issuer_id, crypto::KeyType key,
                            const std::vector<std::string>& names, PcaValidity validity);
  // The certificates with exactly this common name, newest first (of the newest thousand that
  // contain it). API: ListCertificate.
  Result<std::vector<PcaCertificate>> find(const std::string& common_name);
  // API: ShowCertificate. Not found (404 PCA.00030102 or 400 PCA.10010002) is `rejected`.
  Result<PcaCertificate> show(const std::string& id);
  // API: ExportCertificate, type NGINX, not compressed.
  Result<PcaExport> export_certificate(const std::string& id);

 private:
  Result<std::string> issue_as(std::string_view operation, Result<std::string> body);

  ApiClient api_;
};

}  // namespace ccm::cloud
