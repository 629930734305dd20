// SPDX-License-Identifier: Apache-2.0
// The directives "issue…": whether to have a certificate issued by a public authority, how to prove
// the ownership of the names, and who applies. Each source decides whether it supports them
// (sources/scm.h). Plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "config/values/credentials.h"

namespace ccm::config {

// Who makes a private key that a source needs.
enum class KeyOrigin : std::uint8_t {
  local,  // made on this machine and never leaves it
  cloud,  // made in the cloud and exported
};

enum class IssueMethod : std::uint8_t {
  off,
  file,       // this server answers below /.well-known/pki-validation/
  dns,        // a record in the zone of the name
  automatic,  // file, but dns where a name is a wildcard
};

enum class DnsWay : std::uint8_t {
  service,  // SCM writes the record by itself: zone and domain are in the same account
  cloud,    // we write it, into a zone of Huawei Cloud DNS
  hook,     // a program of the operator writes it
};
std::string_view to_string(DnsWay way) noexcept;
std::optional<DnsWay> find_dns_way(std::string_view word) noexcept;

// Who writes the DNS record. The members below `way` are for DnsWay::cloud.
struct DnsWriter {
  DnsWay way = DnsWay::hook;
  std::optional<CredentialsSpec> credentials = {};  // nullopt: those of the application
  std::string region = {};                          // empty: the configured region
  std::string endpoint = {};                        // empty: the region's

  friend bool operator==(const DnsWriter&, const DnsWriter&) = default;
};

struct Applicant {
  std::string name;
  std::string phone;
  std::string email;

  friend bool operator==(const Applicant&, const Applicant&) = default;
};

// For certificates of the types OV and EV.
struct Company {
  std::string name;
  std::string unit;  // may be empty
  std::string country;
  std::string province;
  std::string city;

  friend bool operator==(const Company&, const Company&) = default;
};

// As given, one member for each directive.
struct IssueValues {
  std::optional<IssueMethod> method = {};
  std::optional<Applicant> applicant = {};
  std::optional<Company> company = {};
  std::optional<CredentialsSpec> credentials = {};
  std::optional<DnsWriter> dns = {};

  // The first given directive other than "issue" itself; empty when there is none.
  std::string_view first_detail() const noexcept;
  // These values, with those of `inherited` where none is given here.
  IssueValues over(const IssueValues& inherited) const;
  friend bool operator==(const IssueValues&, const IssueValues&) = default;
};

// Complete and checked.
struct Issue {
  bool by_file = true;  // else by DNS
  // Given when it is not by file.
  std::optional<DnsWriter> dns = {};
  KeyOrigin key_origin = KeyOrigin::local;
  Applicant applicant;
  std::optional<Company> company = {};
  std::optional<CredentialsSpec> credentials = {};  // nullopt: the usual credentials

  void describe(Record& record) const;
  friend bool operator==(const Issue&, const Issue&) = default;
};

Result<IssueMethod> parse_issue_method(const std::string& text);
Result<Applicant> parse_applicant(const std::vector<std::string>& arguments);
Result<Company> parse_company(const std::vector<std::string>& arguments);
// "service", "hook", or "cloud [file=PATH [profile=NAME] | ecs] [region=REGION] [endpoint=URL]".
Result<DnsWriter> parse_dns_writer(const std::vector<std::string>& arguments);

}  // namespace ccm::config
