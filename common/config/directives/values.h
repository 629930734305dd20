// SPDX-License-Identifier: Apache-2.0
// Directive values, parsed: one optional for each directive, so that "not given" stays
// distinguishable until `Settings::finalize` fills in what is inherited. The table of directives
// (config/directives/table.cpp) says which value goes where. Plain data; config room only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/issue.h"

namespace ccm::config {

struct CertificateValues {
  std::optional<ActivationWindow> activate;
  std::optional<CanaryPlan> canary;
  std::optional<Seconds> check_interval;
  std::optional<RenewalWindow> renew_before;
  std::optional<unsigned> keep;
  std::optional<bool> fallback;
  std::optional<bool> stapling;
  std::optional<crypto::KeyType> key;
  std::optional<Seconds> validity;
  std::optional<KeyOrigin> key_origin;
  IssueValues issue;
  // Not yet completed by its kind (SourceKind::complete).
  std::optional<SourceSpec> source;
  std::optional<std::vector<std::string>> names;

  friend bool operator==(const CertificateValues&, const CertificateValues&) = default;
};

struct ProxyValue {
  std::string url;               // empty: off
  std::string credentials_file;  // empty: it needs none
};

struct GlobalValues {
  std::optional<std::string> state_path;
  std::optional<std::optional<FleetConfig>> store;
  std::optional<std::string> user;
  std::optional<CredentialsSpec> credentials;
  std::optional<std::string> region;
  std::optional<std::string> scm_endpoint;
  std::optional<std::string> pca_endpoint;
  std::optional<std::string> iam_endpoint;
  std::optional<std::string> metadata_endpoint;
  std::optional<ProxyValue> proxy;
  std::optional<std::string> trusted_certificate;
  std::optional<unsigned> concurrent_renewals;
  std::optional<std::string> agent_path;
  std::optional<std::string> status_listen;
  std::optional<LogFormat> log_format;
  std::optional<TicketKeys> ticket_keys;
  std::optional<bool> worker_dumps;
  std::vector<Hook> hooks;
  std::vector<CatalogueSpec> catalogues;  // in any order
};

struct Values {
  GlobalValues global;
  CertificateValues certificate;  // in the global scope: the defaults of all certificates
};

}  // namespace ccm::config
