// SPDX-License-Identifier: Apache-2.0
#include "config/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/sentences.h"
#include "config/source_kinds.h"
#include "config/values/identifiers.h"

namespace ccm::config {
namespace {

constexpr std::string_view kUsePrefix = "catalogue=";
constexpr unsigned kImportedVersionsKept = 3;
constexpr Seconds kDefaultLook{60};

// Nobody can write this source. It stands for certificates that an operator imports.
struct OperatorSource {
  static const SourceKind& kind();
  SourceFacts facts() const { return {.origin_prefix = "import", .label = "import"}; }
  void describe(Record&) const {}
  friend bool operator==(const OperatorSource&, const OperatorSource&) = default;
};

Result<SourceSpec> parse_operator_source(std::span<const std::string>) {
  return SourceSpec(OperatorSource());
}

Result<void> complete_operator_source(const CertificateInput&, CertificateSpec&) {
  return {};
}

constexpr SourceKind kOperatorKind{.word = "import",
                                   .title = "an operator",
                                   .form = "import",
                                   .shortest_form = "import",
                                   .parameters = {},
                                   .is_public = false,
                                   .endpoint_directive = {},
                                   .endpoint_spellings = {},
                                   .endpoint = nullptr,
                                   .parse = parse_operator_source,
                                   .complete = complete_operator_source};

const SourceKind& OperatorSource::kind() {
  return kOperatorKind;
}

// An account needs credentials, and something that says where its service is.
Result<void> check_catalogue_reachable(const CatalogueSpec& spec,
                                       const CertificateContext& context) {
  const SourceKind& kind = *spec.kind;
  if (kind.endpoint == nullptr) return {};
  std::string problem;
  if (!context.global.credentials) {
    problem = fmt::format("there are no credentials for the cloud; write {}",
                          context.form_of("credentials"));
  } else if (context.completed.region.empty() && (context.completed.*kind.endpoint).empty()) {
    problem = fmt::format(
        "it comes from {}, but neither a region nor an endpoint says where that "
        "is; write {} or {}",
        kind.title, context.form_of("region"), context.form_of(kind.endpoint_directive));
  }
  if (problem.empty()) return {};
  return fail(ErrorKind::invalid,
              at(fmt::format("catalogue {}: {}", in_quotes(spec.name), problem), spec.origin));
}

}  // namespace

bool is_catalogue_use(const std::vector<std::string>& arguments) {
  return !arguments.empty() && arguments[0].starts_with(kUsePrefix);
}

Result<std::string> parse_catalogue_use(const std::vector<std::string>& arguments) {
  const std::string name = arguments[0].substr(kUsePrefix.size());
  if (auto checked = check_catalogue_name(name); !checked) return pass(std::move(checked));
  if (arguments.size() > 1) {
    return fail(ErrorKind::invalid,
                fmt::format("{} follows the catalogue {}, which takes nothing else",
                            in_quotes(arguments[1]), in_quotes(name)));
  }
  return name;
}

Result<std::vector<CatalogueSpec>> complete_catalogues(std::vector<CatalogueSpec> catalogues,
                                                       const CertificateContext& context) {
  std::stable_sort(catalogues.begin(), catalogues.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(catalogues.begin(), catalogues.end(),
                         [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != catalogues.end()) {
    const auto& second = *std::next(twice);
    return fail(ErrorKind::invalid,
                at(fmt::format("there are two catalogues named {}; the first one is in {}",
                               in_quotes(twice->name), to_string(twice->origin)),
                   second.origin));
  }
  if (catalogues.size() > kMostCatalogues) {
    return fail(ErrorKind::invalid,
                at(fmt::format("there are more than {} catalogues", kMostCatalogues),
                   catalogues.back().origin));
  }
  for (CatalogueSpec& each : catalogues) {
    each.check_interval = context.defaults.check_interval.value_or(kDefaultLook);
    if (each.kind == nullptr) continue;
    if (auto reachable = check_catalogue_reachable(each, context); !reachable) {
      return pass(std::move(reachable));
    }
  }
  return catalogues;
}

CertificateSpec imported_spec(std::string name, std::vector<std::string> names) {
  return {.name = std::move(name),
          .names = std::move(names),
          .source = OperatorSource(),
          .key = {},
          .renew_before = {},
          .keep = kImportedVersionsKept,
          .origin = {}};
}

}  // namespace ccm::config
