// SPDX-License-Identifier: Apache-2.0
#include "config/sources/scm.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/sentences.h"
#include "base/text.h"
#include "config/checks/certificate_input.h"
#include "config/sentences.h"
#include "config/values/value_words.h"
#include "crypto/certificate/names.h"

namespace ccm::config {
namespace {

constexpr std::string_view kIdCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
constexpr std::size_t kLongestId = 64;
constexpr std::size_t kMostIssuers = 20;

// Most authorities have names with spaces.
constexpr std::string_view kQuotes = " (a parameter with spaces in quotes)";

Result<std::string> parse_scm_id(const std::string& id) {
  if (id.empty() || id.size() > kLongestId || id.find_first_not_of(kIdCharacters) != id.npos) {
    return wrong(id, "is not the id of a certificate in SCM; ids look like scs1554192131150");
  }
  return id;
}

Result<Uploads> parse_uploads(const std::string& text) {
  if (text == "fallback") return Uploads::fallback;
  if (text == "on") return Uploads::on;
  if (text == "off") return Uploads::off;
  return wrong(text, "is neither fallback, on nor off");
}

// Names of authorities may contain commas ("Example Trust, Inc."), so bars separate them.
Result<std::vector<std::string>> parse_issuers(const std::string& text) {
  std::vector<std::string> issuers;
  for (const std::string_view name : split(text, '|')) {
    if (trim(name).empty()) {
      return wrong(text,
                   "has an empty name in it; write the names of authorities with a bar "
                   "between them, such as \"issuers=Example CA|Example Trust, Inc.\"");
    }
    issuers.emplace_back(trim(name));
  }
  if (issuers.size() <= kMostIssuers) return issuers;
  return fail(ErrorKind::invalid, fmt::format("there are {} names of authorities, more than {}",
                                              issuers.size(), kMostIssuers));
}

Result<void> enter_trust(const std::string& text, ScmSource& source) {
  constexpr std::pair<std::string_view, TrustPolicy> kWords[] = {
      {"keep", TrustPolicy::keep}, {"system", TrustPolicy::system}, {"any", TrustPolicy::any}};
  for (const auto& [word, policy] : kWords) {
    if (text != word) continue;
    source.trust = policy;
    return {};
  }
  if (text.find('/') == text.npos) {
    return wrong(text, "is neither keep, system, any nor the path of a PEM file of authorities");
  }
  Result<std::string> path = parse_file_path(text);
  if (!path) return pass(std::move(path));
  source.trust = TrustPolicy::file;
  source.trust_file = *std::move(path);
  return {};
}

// The parameter that was probably meant, as the end of a sentence.
std::string suggest_parameter(std::string_view argument) {
  const std::vector<std::string_view> known(kScmParameters.begin(), kScmParameters.end());
  const std::string_view best = closest(argument.substr(0, argument.find('=')), known);
  return best.empty() ? "" : fmt::format("; did you mean \"{}=\"?", best);
}

Result<void> enter_scm(std::string_view parameter, const std::string& text, ScmSource& source) {
  if (parameter == "id") {
    Result<std::string> id = parse_scm_id(text);
    if (!id) return pass(std::move(id));
    source.certificate_id = *std::move(id);
    return {};
  }
  Result<void> done;
  if (parameter == "uploads") {
    Result<Uploads> uploads = parse_uploads(text);
    if (uploads) source.uploads = *uploads;
    if (!uploads) done = pass(std::move(uploads));
  } else if (parameter == "issuers") {
    Result<std::vector<std::string>> issuers = parse_issuers(text);
    if (!issuers) {
      done = pass(std::move(issuers));
    } else {
      source.issuers = *std::move(issuers);
    }
  } else {
    done = enter_trust(text, source);
  }
  if (!done) return fail_with(std::move(done), parameter);
  return {};
}

Result<void> check_without_issue(const CertificateInput& input) {
  const std::string_view detail = input.own.issue.first_detail();
  const std::string_view key = input.own.key_origin ? "key_origin" : detail;
  if (key.empty()) return {};
  return input.refuse(
      key, fmt::format("\"{}\" has no meaning with the source scm while nothing is applied for "
                       "there; remove it, or write {}",
                       input.as_written(key), input.context.form_of("issue")));
}

// Whether the names are proved by file; an error when they cannot be proved in the configured way.
Result<bool> is_proved_by_file(const CertificateInput& input, const CertificateSpec& spec,
                               IssueMethod method) {
  const auto wildcard = std::find_if(spec.names.begin(), spec.names.end(), crypto::is_wildcard);
  const auto address = std::find_if(spec.names.begin(), spec.names.end(), crypto::is_ip_address);
  const bool has_wildcard = wildcard != spec.names.end();
  const bool has_address = address != spec.names.end();
  if (has_wildcard && has_address && method == IssueMethod::automatic) {
    return input.refuse("issue",
                        fmt::format("no authority proves {} and {} in one way; divide them "
                                    "between two certificates",
                                    *wildcard, *address));
  }
  if (has_wildcard && method == IssueMethod::file) {
    return input.refuse(
        "issue", fmt::format("no file proves the wildcard {}; write dns or auto", *wildcard));
  }
  if (has_address && method == IssueMethod::dns) {
    return input.refuse("issue", fmt::format("no DNS record proves the address {}; write file or "
                                             "auto",
                                             *address));
  }
  return method == IssueMethod::file || (method == IssueMethod::automatic && !has_wildcard);
}

Result<Issue> complete_issue(const CertificateInput& input, const CertificateSpec& spec,
                             const IssueValues& values) {
  const Result<bool> by_file = is_proved_by_file(input, spec, *values.method);
  if (!by_file) return fail(by_file.error());
  if (!values.applicant) {
    return input.refuse("issue", fmt::format("nobody is named who applies for it; write {}",
                                             input.context.form_of("issue_applicant")));
  }
  if (!*by_file && !values.dns) {
    return input.refuse("issue", fmt::format("nothing says who writes the DNS record; write {}",
                                             input.context.form_of("issue_dns")));
  }
  return Issue{.by_file = *by_file,
               .dns = values.dns,
               .key_origin = chosen(input.own.key_origin, input.context.defaults.key_origin,
                                    KeyOrigin::local),
               .applicant = *values.applicant,
               .company = values.company,
               .credentials = values.credentials};
}

}  // namespace

const SourceKind& ScmSource::kind() noexcept {
  return kScmKind;
}

SourceFacts ScmSource::facts() const {
  SourceFacts facts{.origin_prefix = "scm:",
                    .label = certificate_id.empty() ? "scm" : "scm:" + certificate_id,
                    .allows_untrusted = trust_policy() != TrustPolicy::keep,
                    .trust_file = trust_file};
  if (!issue) return facts;
  if (issue->credentials) facts.credentials.push_back(*issue->credentials);
  if (issue->dns && issue->dns->credentials) facts.credentials.push_back(*issue->dns->credentials);
  if (issue->dns) facts.region = issue->dns->region;
  return facts;
}

void ScmSource::describe(Record& record) const {
  record.add("id", certificate_id);
  if (uploads != Uploads::fallback) {
    record.add("uploads", uploads == Uploads::on ? "on" : "off");
  }
  for (const std::string& issuer : issuers) record.add("issuer", issuer);
  if (trust) record.add("trust", std::to_string(static_cast<int>(*trust)));
  if (!trust_file.empty()) record.add("trust_file", trust_file);
  if (issue) issue->describe(record);
}

Result<SourceSpec> parse_scm(std::span<const std::string> parameters) {
  ScmSource source;
  std::vector<std::string_view> given;
  for (const std::string& argument : parameters) {
    const auto parameter =
        std::find_if(kScmParameters.begin(), kScmParameters.end(),
                     [&](std::string_view word) { return value_of(argument, word).has_value(); });
    if (parameter == kScmParameters.end()) {
      return wrong(argument,
                   fmt::format("is not understood after scm; write {}{}{}", kScmKind.form,
                               given.empty() ? "" : kQuotes, suggest_parameter(argument)));
    }
    if (std::find(given.begin(), given.end(), *parameter) != given.end()) {
      return given_twice(*parameter);
    }
    given.push_back(*parameter);
    Result<void> entered = enter_scm(*parameter, *value_of(argument, *parameter), source);
    if (!entered) return pass(std::move(entered));
  }
  return SourceSpec(std::move(source));
}

Result<void> complete_scm(const CertificateInput& input, CertificateSpec& spec) {
  if (input.own.validity) {
    return input.refuse("validity",
                        fmt::format("\"{}\" has no meaning with the source scm, where certificates "
                                    "are ordered beforehand; remove it",
                                    input.as_written("validity")));
  }
  const IssueValues values = input.own.issue.over(input.context.defaults.issue);
  if (values.method.value_or(IssueMethod::off) == IssueMethod::off) {
    return check_without_issue(input);
  }
  Result<Issue> issue = complete_issue(input, spec, values);
  if (!issue) return pass(std::move(issue));
  auto source = spec.source.as<ScmSource>();
  source.issue = *std::move(issue);
  spec.source = source;
  return {};
}

}  // namespace ccm::config
