// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <fmt/format.h>

#include <algorithm>

namespace emulator {
namespace {

json defaults() {
  return {
      {"strict_paging", false},
      {"strict_sizes", false},
      {"lenient_names", false},
      {"not_found_style", "document"},
      {"duplicate_check", "sdk"},
      {"export_without_key", "empty"},
      {"scm_pem", "lf"},
      {"scm_root_in_chain", false},
      {"pca_pem", "crlf"},
      {"issue_after_ms", 2000},
      {"proof", "checked"},
      {"proof_every_ms", 1000},
      {"proof_timeout_ms", 2000},
      {"domain_methods", "any"},
      {"apply_when_unpassed", false},
      {"dns_after_ms", 0},
      {"scm_lifetime", nullptr},
      {"renew_before_s", -1},
      {"pca_lifetime", nullptr},
      {"ocsp_lifetime_s", 3600},
      {"ca_quota", 100},
      {"certificate_quota", 100000},
      {"csr_quota", 1000},
      {"free_certificate_quota", 100},
      {"waf_quota", 100},
      {"token_lifetime_s", 86400},
      {"max_skew_s", 900},
      {"lock_after_failures", 5},
      {"lock_s", 300},
      {"refuse_replays", false},
      {"metadata_agency", true},
      {"metadata_key_lifetime_s", 21600},
      {"metadata_token", "optional"},
  };
}

struct Choice {
  const char* name;
  std::vector<std::string> values;
};

const std::vector<Choice>& choices() {
  static const std::vector<Choice> kChoices = {
      {"not_found_style", {"document", "live"}},
      {"duplicate_check", {"sdk", "seed"}},
      {"export_without_key", {"empty", "refuse"}},
      {"proof", {"checked", "assumed"}},
      {"domain_methods", {"any", "File", "FILE"}},
      {"scm_pem", {"lf", "crlf", "glued", "flat"}},
      {"pca_pem", {"lf", "crlf", "glued", "flat"}},
      {"metadata_token", {"optional", "required", "absent"}},
  };
  return kChoices;
}

std::string check_lifetime(const std::string& name, const json& value) {
  if (value.is_null()) return "";
  const bool fits = value.is_object() && value.contains("seconds") &&
                    value["seconds"].is_number_integer() &&
                    (!value.contains("backdate") || value["backdate"].is_number_integer());
  return fits ? "" : fmt::format("{} is null or {{\"seconds\": n, \"backdate\": n}}", name);
}

std::string check_option(const std::string& name, const json& value, const json& known) {
  if (!known.contains(name)) return fmt::format("there is no option \"{}\"", name);
  if (name.ends_with("_lifetime")) return check_lifetime(name, value);
  const json& standard = known[name];
  if (standard.is_number() ? !value.is_number_integer() : standard.type() != value.type()) {
    return fmt::format("option \"{}\" takes a {}", name, standard.type_name());
  }
  for (const Choice& choice : choices()) {
    if (name == choice.name && std::find(choice.values.begin(), choice.values.end(),
                                         value.get<std::string>()) == choice.values.end()) {
      return fmt::format("option \"{}\" is one of: {}", name, fmt::join(choice.values, ", "));
    }
  }
  return "";
}

}  // namespace

Options::Options(Store& store) : store_(store), values_(defaults()) {
  if (const json* kept = store_.find("setting", "options")) values_.update(*kept);
}

bool Options::flag(const std::string& name) const {
  return values_.at(name).get<bool>();
}
std::int64_t Options::number(const std::string& name) const {
  return values_.at(name).get<std::int64_t>();
}
std::string Options::text(const std::string& name) const {
  return values_.at(name).get<std::string>();
}
const json& Options::value(const std::string& name) const {
  return values_.at(name);
}

std::string Options::change(const json& values) {
  if (!values.is_object()) return "options are a JSON object of names and values";
  const json known = defaults();
  for (const auto& [name, value] : values.items()) {
    if (std::string problem = check_option(name, value, known); !problem.empty()) return problem;
  }
  values_.update(values);
  store_.put("setting", "options", values_);
  return "";
}

void Options::reset() {
  values_ = defaults();
  store_.put("setting", "options", values_);
}

}  // namespace emulator
