// SPDX-License-Identifier: Apache-2.0
// Directive values, parsed: one optional per directive, so that "not given" stays distinguishable
// until `Settings::finalize` fills in what is inherited. Plain data and pure functions; config room
// only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/input/raw_settings.h"
#include "config/input/settings.h"
#include "config/issue.h"

namespace ccm::config {

inline constexpr Seconds kShortestValidity{3600};
// Twenty years: what PCA issues at most below a CA (operations.json, IssueCertificate validity).
inline constexpr Seconds kLongestValidity{20LL * 365 * 86400};
inline constexpr std::size_t kMostNames = 100;
inline constexpr std::size_t kMaxCertificateName = 128;

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
  // Before its kind completes it (SourceKind::complete).
  std::optional<SourceSpec> source;
  std::optional<std::vector<std::string>> names;

  friend bool operator==(const CertificateValues&, const CertificateValues&) = default;
};

struct ProxyValue {
  std::string url;               // empty: off
  std::string credentials_file;  // empty: it wants none
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

// The row of the directive table; nullptr for an unknown key.
const Directive* find_directive(std::string_view key) noexcept;
// Parses the arguments of a directive (their number already checked) into its place in `values`.
// The error says what is wrong with the value, without the directive's name.
Result<void> parse_value(std::string_view key, const std::vector<std::string>& arguments,
                         Values& values);
// The same for directives that were accepted before.
Result<Values> parse_values(const std::vector<RawDirective>& directives);

// Checks the form of a region's identifier, not whether the region exists.
Result<std::string> parse_region(const std::string& text);

// `invalid` unless the name is [A-Za-z0-9._-]{1,128} without a leading dot. Also for certificates
// that no configuration names.
Result<void> check_certificate_name(std::string_view name);
Result<void> check_catalogue_name(std::string_view name);
Result<void> check_fleet_name(std::string_view name);

}  // namespace ccm::config
