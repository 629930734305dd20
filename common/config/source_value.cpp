// SPDX-License-Identifier: Apache-2.0
#include "config/source_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/sentences.h"
#include "base/text.h"
#include "config/value_words.h"

namespace ccm::config {
namespace {

using Arguments = std::vector<std::string>;

constexpr std::string_view kIdCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
constexpr std::size_t kLongestId = 64;
constexpr std::size_t kIssuerIdSize = 36;
constexpr std::size_t kMostIssuers = 20;

constexpr std::array<std::string_view, 4> kScmParameters{"id", "issuers", "trust", "uploads"};
constexpr std::string_view kScmForm =
    "scm [id=ID] [uploads=fallback|on|off] [issuers=NAME|...] [trust=keep|system|any|PATH]";
// The names of most authorities have spaces.
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

// Names of authorities have commas in them ("Example Trust, Inc."), so bars stand between them.
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

// The parameter that a word of the source was probably meant to be, as the end of a sentence.
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
    if (issuers) source.issuers = *std::move(issuers);
    if (!issuers) done = pass(std::move(issuers));
  } else {
    done = enter_trust(text, source);
  }
  if (!done) return fail_with(std::move(done), parameter);
  return {};
}

Result<SourceSpec> parse_scm_source(const Arguments& arguments) {
  ScmSource source;
  std::vector<std::string_view> given;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const auto parameter = std::find_if(
        kScmParameters.begin(), kScmParameters.end(),
        [&](std::string_view word) { return value_of(arguments[i], word).has_value(); });
    if (parameter == kScmParameters.end()) {
      return wrong(arguments[i],
                   fmt::format("is not understood after scm; write {}{}{}", kScmForm,
                               given.empty() ? "" : kQuotes, suggest_parameter(arguments[i])));
    }
    if (std::find(given.begin(), given.end(), *parameter) != given.end()) {
      return given_twice(*parameter);
    }
    given.push_back(*parameter);
    Result<void> entered = enter_scm(*parameter, *value_of(arguments[i], *parameter), source);
    if (!entered) return pass(std::move(entered));
  }
  return SourceSpec(std::move(source));
}

Result<SourceSpec> parse_pca_source(const Arguments& arguments) {
  if (arguments.size() == 1) {
    return fail(ErrorKind::invalid,
                "the issuer is missing; write pca issuer=ID with the id of an activated CA");
  }
  const auto id = value_of(arguments[1], "issuer");
  if (!id || arguments.size() > 2) {
    const std::string& second = arguments[id ? 2 : 1];
    if (id && value_of(second, "issuer")) return given_twice("issuer");
    return wrong(second, "is not understood after pca; write pca issuer=ID");
  }
  if (id->size() != kIssuerIdSize || id->find_first_not_of("0123456789abcdefABCDEF-") != id->npos) {
    return wrong(*id,
                 "is not the id of a CA in PCA; ids look like "
                 "2cb2878b-6cd1-460d-bd25-afe655159bdc");
  }
  PcaSource source;
  source.issuer_id = *id;
  return SourceSpec(std::move(source));
}

}  // namespace

Result<SourceSpec> parse_source(const Arguments& arguments) {
  if (arguments[0] == "scm") return parse_scm_source(arguments);
  if (arguments[0] == "pca") return parse_pca_source(arguments);
  return wrong(arguments[0], fmt::format("is not a source; write {} or pca issuer=ID", kScmForm));
}

}  // namespace ccm::config
