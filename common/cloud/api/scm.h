// SPDX-License-Identifier: Apache-2.0
// SSL Certificate Manager, API v3 (catalogue.h, service "scm"): the operations the engine needs.
// Thread-safe as far as Session is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cloud/api/api_client.h"
#include "crypto/key/key_type.h"

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

  // What was bought, as the service spells it; of an upload empty or 0.
  std::string type = {};         // "DV_SSL_CERT_BASIC"
  std::string domain_type = {};  // SINGLE_DOMAIN, MULTI_DOMAIN or WILDCARD
  std::int64_t domain_count = 0;
  std::int64_t wildcard_count = 0;

  // ISSUED or UPLOAD, and the two supplementing states whose old certificate stays exportable.
  bool is_exportable() const;
};

// What proves the ownership of one name to the authority.
struct ScmProof {
  std::string domain;       // empty: the first name
  std::string record_type;  // TXT, CNAME, FILE, …, as the service spells it
  std::string record_name;  // of a file: its name, if it is one
  std::string record_value;

  friend bool operator==(const ScmProof&, const ScmProof&) = default;
};

struct ScmDetail {
  ScmCertificate certificate;
  std::vector<ScmProof> proofs;   // none before the authority has named them
  std::string multi_domain_type;  // "primary_wildcard": the first name must be one
};

// What only the search by tags shows.
struct ScmKinship {
  std::string fail_reason;  // why an application failed
  std::string origin_id;    // the id of its predecessor
  std::string renewal_id;   // the id of its successor
};

struct ScmApplication {
  std::vector<std::string> names;           // the first is the domain, the others are the sans
  std::string csr;                          // PEM; empty: SCM makes the key
  std::optional<crypto::KeyType> key = {};  // for SCM to make
  std::string domain_method;                // DNS or FILE
  bool auto_dns_auth = false;
  std::string applicant_name;
  std::string applicant_phone;
  std::string applicant_email;
  // For OV and EV, else empty.
  std::string company_name = {};
  std::string company_unit = {};
  std::string company_province = {};
  std::string company_city = {};
  std::string country = {};
};

struct ScmExport {
  std::string certificate;        // PEM, as received
  std::string certificate_chain;  // PEM, may be empty
  Secret private_key;             // PEM; empty when the key was never in the cloud
};

// A list of a part of an account in one order: its first page, or everything that it shows.
struct ScmListing {
  std::string status;        // ISSUED, …
  std::string sort_key;      // certExpiredTime, certStatus or certUpdateTime
  std::string content = {};  // substring of name or domain; empty: any
};

// The result of a list or a search, and how many there are according to the service.
struct ScmPart {
  std::vector<ScmCertificate> certificates;
  std::int64_t total = 0;
};

struct ScmTag {
  std::string key;
  std::string value;
};

class ScmClient {
 public:
  ScmClient(Session& session, std::string endpoint);

  // Every certificate with `status`, at most ten thousand (paging.h). If the service does not show
  // all, those like `content` (a part of name or domain) are asked for as well; an empty `content`
  // is no hint. API: ListCertificates.
  Result<std::vector<ScmCertificate>> list(const std::string& status, const std::string& content);
  // As far as one order shows the list, in both directions. API: ListCertificates.
  Result<ScmPart> list_order(const ScmListing& listing);
  // The first page; certificates that have changed last, or that end last, come first. API:
  // ListCertificates.
  Result<ScmPart> list_newest(const ScmListing& listing);
  // Certificates with a tag, or all, in any state; at most `at_most`. Has no fingerprint. The total
  // is the service's, which may stop at a hundred. API: ListCertificatesByTag.
  Result<ScmPart> search(const std::optional<ScmTag>& tag, std::size_t at_most);
  // API: ListTagsByCertificate.
  Result<std::vector<ScmTag>> tags_of(const std::string& id);
  // API: ShowCertificate.
  Result<ScmCertificate> show(const std::string& id);
  // The same, with what an application waits for.
  Result<ScmDetail> show_detail(const std::string& id);
  // nullopt when the search does not know it. API: ListCertificatesByTag.
  Result<std::optional<ScmKinship>> kinship(const ScmCertificate& certificate);
  // Uses a paid certificate, so it is not idempotent. API: ApplyCertificate.
  Result<void> apply(const std::string& id, const ScmApplication& application);
  // API: ExportCertificate.
  Result<ScmExport> export_certificate(const std::string& id);

 private:
  ApiClient api_;
};

}  // namespace ccm::cloud
