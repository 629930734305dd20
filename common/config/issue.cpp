// SPDX-License-Identifier: Apache-2.0
#include "config/issue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "config/values/identifiers.h"
#include "config/values/url.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

// The limits of SCM (operations.json, ApplyCertificate); for a name the narrower of two limits.
constexpr std::size_t kShortestApplicant = 4;
constexpr std::size_t kLongestField = 63;
constexpr std::size_t kLongestEmail = 255;
constexpr std::size_t kShortestPhone = 4;

// One "word=value" of a directive, and where the value goes.
struct Field {
  std::string_view word;
  std::string* place;
  bool is_optional = false;
};

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

Result<void> take_field(const std::string& argument, std::span<const Field> fields) {
  for (const Field& field : fields) {
    std::optional<std::string> value = value_of(argument, field.word);
    if (!value) continue;
    if (!field.place->empty()) return given_twice(field.word);
    const std::string text(trim(*value));
    if (text.empty() || characters_in(text) > kLongestField) {
      return wrong(argument, fmt::format("has to give 1 to {} characters", kLongestField));
    }
    *field.place = text;
    return {};
  }
  std::vector<std::string> words;
  for (const Field& field : fields) words.push_back(fmt::format("{}=", field.word));
  return wrong(argument, fmt::format("is not understood; write {} with a value each (in quotes "
                                     "when it has spaces)",
                                     join(words, ", ")));
}

Result<void> take_fields(const std::vector<std::string>& arguments, std::span<const Field> fields) {
  for (const std::string& argument : arguments) {
    if (auto taken = take_field(argument, fields); !taken) return taken;
  }
  for (const Field& field : fields) {
    if (!field.place->empty() || field.is_optional) continue;
    return fail(ErrorKind::invalid, fmt::format("\"{}=\" is missing", field.word));
  }
  return {};
}

bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != text.npos && at > 0 && text.find('@', at + 1) == text.npos &&
         text.find('.', at) != text.npos && !text.ends_with('.') && text.find(' ') == text.npos &&
         text.size() <= kLongestEmail;
}

bool is_phone(std::string_view text) {
  const auto digits = std::count_if(text.begin(), text.end(),
                                    [](char c) { return kDigits.find(c) != kDigits.npos; });
  return static_cast<std::size_t>(digits) >= kShortestPhone &&
         text.find_first_not_of("0123456789+-() ") == text.npos;
}

constexpr std::array<std::string_view, 3> kDnsWays{"service", "cloud", "hook"};

// The arguments after "issue_dns cloud".
Result<void> take_zone_access(const std::vector<std::string>& arguments, DnsWriter& writer) {
  std::vector<std::string> credentials;
  for (const std::string& argument : arguments) {
    const std::optional<std::string> region = value_of(argument, "region");
    const std::optional<std::string> endpoint = value_of(argument, "endpoint");
    if (!region && !endpoint) {
      const bool is_known =
          argument == "ecs" || value_of(argument, "file") || value_of(argument, "profile");
      if (!is_known) {
        return wrong(argument,
                     "is not understood after cloud; write file=PATH [profile=NAME] or ecs, "
                     "region=REGION, endpoint=https://HOST");
      }
      credentials.push_back(argument);
      continue;
    }
    std::string& place = region ? writer.region : writer.endpoint;
    if (!place.empty()) return given_twice(region ? "region" : "endpoint");
    Result<std::string> value = region ? parse_region(*region) : parse_endpoint(*endpoint);
    if (!value) return fail_with(std::move(value), region ? "region" : "endpoint");
    place = *std::move(value);
  }
  if (credentials.empty()) return {};
  Result<CredentialsSpec> parsed = parse_credentials(credentials);
  if (!parsed) return pass(std::move(parsed));
  writer.credentials = *std::move(parsed);
  return {};
}

}  // namespace

std::string_view to_string(DnsWay way) noexcept {
  return kDnsWays[static_cast<std::size_t>(way)];
}

std::optional<DnsWay> find_dns_way(std::string_view word) noexcept {
  const auto known = std::find(kDnsWays.begin(), kDnsWays.end(), word);
  if (known == kDnsWays.end()) return std::nullopt;
  return static_cast<DnsWay>(known - kDnsWays.begin());
}

std::string_view IssueValues::first_detail() const noexcept {
  if (applicant) return "issue_applicant";
  if (company) return "issue_company";
  if (credentials) return "issue_credentials";
  return dns ? "issue_dns" : "";
}

IssueValues IssueValues::over(const IssueValues& inherited) const {
  return {.method = method ? method : inherited.method,
          .applicant = applicant ? applicant : inherited.applicant,
          .company = company ? company : inherited.company,
          .credentials = credentials ? credentials : inherited.credentials,
          .dns = dns ? dns : inherited.dns};
}

void Issue::describe(Record& record) const {
  record.add("issue", by_file ? "file" : "dns");
  if (dns) record.add("issue_dns", to_string(dns->way));
  record.add("issue_key", key_origin == KeyOrigin::local ? "local" : "cloud");
  for (const std::string* text : {&applicant.name, &applicant.phone, &applicant.email}) {
    record.add("applicant", *text);
  }
  if (company) {
    for (const std::string* text :
         {&company->name, &company->unit, &company->country, &company->province, &company->city}) {
      record.add("company", *text);
    }
  }
  if (credentials) record.add("issue_credentials", to_string(*credentials));
  if (!dns || dns->way != DnsWay::cloud) return;
  record.add("dns_credentials", dns->credentials ? to_string(*dns->credentials) : "");
  record.add("dns_region", dns->region);
  record.add("dns_endpoint", dns->endpoint);
}

Result<IssueMethod> parse_issue_method(const std::string& text) {
  if (text == "off") return IssueMethod::off;
  if (text == "file") return IssueMethod::file;
  if (text == "dns") return IssueMethod::dns;
  if (text == "auto" || text == "on") return IssueMethod::automatic;
  return wrong(text, "is none of off, file, dns and auto");
}

Result<Applicant> parse_applicant(const std::vector<std::string>& arguments) {
  Applicant applicant;
  const Field fields[] = {
      {"name", &applicant.name}, {"phone", &applicant.phone}, {"email", &applicant.email}};
  if (auto taken = take_fields(arguments, fields); !taken) return pass(std::move(taken));
  if (characters_in(applicant.name) < kShortestApplicant) {
    return wrong(applicant.name, fmt::format("is too short for the name of an applicant, which has "
                                             "{} to {} characters",
                                             kShortestApplicant, kLongestField));
  }
  if (!is_phone(applicant.phone)) {
    return wrong(applicant.phone,
                 "is not a telephone number; write digits, such as +8613900000000");
  }
  if (!is_email(applicant.email)) return wrong(applicant.email, "is not an e-mail address");
  return applicant;
}

Result<Company> parse_company(const std::vector<std::string>& arguments) {
  Company company;
  const Field fields[] = {{"name", &company.name},
                          {"country", &company.country},
                          {"province", &company.province},
                          {"city", &company.city},
                          {"unit", &company.unit, true}};
  if (auto taken = take_fields(arguments, fields); !taken) return pass(std::move(taken));
  const bool is_code = company.country.size() == 2 &&
                       std::all_of(company.country.begin(), company.country.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                       });
  if (is_code) return company;
  return wrong(company.country, "is not the two-letter code of a country, such as CN or SG");
}

Result<DnsWriter> parse_dns_writer(const std::vector<std::string>& arguments) {
  const std::string& word = arguments.front();
  const std::optional<DnsWay> way = find_dns_way(word);
  if (!way) return wrong(word, "is none of service, cloud and hook");
  DnsWriter writer{.way = *way};
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (rest.empty()) return writer;
  if (writer.way != DnsWay::cloud) {
    return wrong(rest.front(), fmt::format("is not understood after {}", word));
  }
  if (auto taken = take_zone_access(rest, writer); !taken) return pass(std::move(taken));
  return writer;
}

}  // namespace ccm::config
