// SPDX-License-Identifier: Apache-2.0
// SSL Certificate Manager, API v3 (catalogue.h, service "scm"): the operations the engine needs.
// Thread-safe as far as Session is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cloud/api/api_client.h"

namespace ccm::cloud {

// One certificate as ListCertificates shows it. Only X.509 content decides; these are hints
// (docs/design/differences.md, "Times").
struct ScmCertificate {
  std::string id;
  std::string name;
  std::string status;              // ISSUED, UPLOAD, … as the service spells it
  std::vector<std::string> names;  // domain and sans, lower case, A-labels, not checked
  std::string expire_time;         // as given; for ordering only
  std::string fingerprint;         // SHA-1, lower-case hex; only from show(), may be empty

  // ISSUED or UPLOAD, and the two supplementing states whose old certificate stays exportable.
  bool is_exportable() const;
};

struct ScmExport {
  std::string certificate;        // PEM, as received
  std::string certificate_chain;  // PEM, may be empty
  Secret private_key;             // PEM; empty when the key was never in the cloud
};

class ScmClient {
 public:
  ScmClient(Session& session, std::string endpoint);

  // Every certificate with `status`, at most ten thousand (paging.h). Where the service does not
  // show all, those like `content` (substring of name or domain) are asked for as well; empty for
  // no such hint. API: ListCertificates.
  Result<std::vector<ScmCertificate>> list(const std::string& status, const std::string& content);
  // API: ShowCertificate.
  Result<ScmCertificate> show(const std::string& id);
  // API: ExportCertificate.
  Result<ScmExport> export_certificate(const std::string& id);

 private:
  ApiClient api_;
};

}  // namespace ccm::cloud
