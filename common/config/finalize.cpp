// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/sentences.h"
#include "base/text.h"
#include "config/catalogue.h"
#include "config/checks/certificate_rules.h"
#include "config/directives/store_directive.h"
#include "config/directives/table.h"
#include "config/directives/values.h"
#include "config/input/settings.h"
#include "config/sentences.h"
#include "config/source_kinds.h"
#include "config/values/server_names.h"
#include "crypto/certificate/names.h"

namespace ccm::config {
namespace {

constexpr std::string_view kDefaultStatePath = "/var/lib/ccm";
constexpr std::string_view kDefaultMetadataEndpoint = "http://169.254.169.254";
constexpr unsigned kDefaultConcurrentRenewals = 4;
constexpr std::size_t kNamesShown = 10;

using Certificates = std::map<std::string, RawCertificate, std::less<>>;
using NamesInUse = std::map<std::string_view, std::vector<std::string>>;

GlobalConfig complete_global(const GlobalValues& values) {
  GlobalConfig global;
  global.state_path = values.state_path.value_or(std::string(kDefaultStatePath));
  global.user = values.user.value_or("");
  global.credentials = values.credentials.value_or(CredentialsEcs{});
  global.region = values.region.value_or("");
  global.ticket_keys = values.ticket_keys.value_or(TicketKeys::own);
  global.scm_endpoint = values.scm_endpoint.value_or("");
  global.pca_endpoint = values.pca_endpoint.value_or("");
  global.iam_endpoint = values.iam_endpoint.value_or("");
  global.metadata_endpoint =
      values.metadata_endpoint.value_or(std::string(kDefaultMetadataEndpoint));
  if (values.proxy) {
    global.proxy = values.proxy->url;
    global.proxy_credentials = values.proxy->credentials_file;
  }
  global.trusted_certificate = values.trusted_certificate.value_or("");
  global.concurrent_renewals = values.concurrent_renewals.value_or(kDefaultConcurrentRenewals);
  global.agent_path = values.agent_path.value_or("");
  global.status_listen = values.status_listen.value_or("");
  global.hooks = values.hooks;
  global.fleet = values.store.value_or(std::nullopt);
  return global;
}

// `thing`: "certificate" or "catalogue"; `declaration`: what declares one.
Failure unknown_name(const RawUse& use, const std::string& name, std::string_view thing,
                     const std::vector<std::string>& known, std::string_view declaration) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string_view best = closest(name, candidates);
  const std::string hint = known.empty() ? fmt::format("; there is no {} at all", declaration)
                           : best.empty()
                               ? fmt::format("; there are {}", enumerated(known, kNamesShown))
                               : fmt::format("; did you mean \"{}\"? There are {}", best,
                                             enumerated(known, kNamesShown));
  return fail(ErrorKind::invalid,
              at(fmt::format("unknown {} {}{}", thing, in_quotes(name), hint), use.origin));
}

Failure unknown_certificate(const RawUse& use, const Certificates& certificates,
                            const Dialect& dialect) {
  std::vector<std::string> known;
  for (const auto& [name, certificate] : certificates) known.push_back(name);
  return unknown_name(use, use.certificate, "certificate", known, dialect.certificate_block);
}

Result<void> check_catalogue_uses(const std::vector<CatalogueSpec>& catalogues,
                                  const std::vector<RawUse>& uses, const Dialect& dialect) {
  std::vector<std::string> known;
  for (const CatalogueSpec& each : catalogues) known.push_back(each.name);
  for (const RawUse& use : uses) {
    if (use.catalogue.empty()) continue;
    if (std::find(known.begin(), known.end(), use.catalogue) != known.end()) continue;
    const std::string declaration = fmt::format("\"{}\"", dialect.spell("catalogue"));
    return unknown_name(use, use.catalogue, "catalogue", known, declaration);
  }
  return {};
}

// Blocks whose names come from the virtual hosts, and whether a public CA issues their
// certificates.
Result<std::map<std::string_view, bool>> blocks_without_names(const Certificates& certificates) {
  std::map<std::string_view, bool> blocks;
  for (const auto& [name, certificate] : certificates) {
    if (certificate.is_implicit) continue;
    auto values = parse_values(certificate.directives);
    if (!values) return pass(std::move(values));
    const auto& source = values->certificate.source;
    if (values->certificate.names || !source) continue;
    blocks.emplace(name, source->kind().is_public);
  }
  return blocks;
}

// The names of the virtual hosts that use those blocks, in order.
Result<NamesInUse> collect_names(const Certificates& certificates, const std::vector<RawUse>& uses,
                                 const Dialect& dialect) {
  auto blocks = blocks_without_names(certificates);
  if (!blocks) return pass(std::move(blocks));
  NamesInUse names;
  std::map<std::string_view, std::unordered_set<std::string>> known;
  for (const RawUse& use : uses) {
    if (!use.catalogue.empty()) continue;
    if (!certificates.contains(use.certificate)) {
      return unknown_certificate(use, certificates, dialect);
    }
    const auto block = blocks->find(use.certificate);
    if (block == blocks->end()) continue;
    auto in_use = certificate_names(use.server_names, block->second, dialect.spell("names"));
    if (!in_use) {
      return fail(ErrorKind::invalid, at(fmt::format("certificate \"{}\": {}", use.certificate,
                                                     in_use.error().message()),
                                         use.origin));
    }
    for (std::string& name : *in_use) {
      if (known[block->first].insert(name).second) names[block->first].push_back(std::move(name));
    }
  }
  return names;
}

std::vector<std::string> uncovered_names(const CertificateSpec& spec, const RawUse& use) {
  std::vector<std::string> uncovered;
  for (std::string& name : comparable_names(use.server_names)) {
    if (!crypto::first_uncovered(spec.names, {name}).empty()) uncovered.push_back(std::move(name));
  }
  return uncovered;
}

// Servers compare the name that a client asks for with what was written, letter by letter.
void add_never_asked_for(const RawUse& use, std::vector<std::string>& sentences) {
  for (const std::string& name : use.server_names) {
    const auto asked = asked_for_instead(name);
    if (!asked) continue;
    const bool is_there =
        std::any_of(use.server_names.begin(), use.server_names.end(),
                    [&asked](const auto& other) { return equals_ignoring_case(other, *asked); });
    if (is_there) continue;
    std::string sentence = at(
        fmt::format("no client ever asks for the name {} of a virtual host, but for {}; write that "
                    "name beside it",
                    in_quotes(name), *asked),
        use.origin);
    // A virtual host that asks for several certificates would cause the sentence several times.
    if (sentences.empty() || sentences.back() != sentence) sentences.push_back(std::move(sentence));
  }
}

}  // namespace

Result<Config> Settings::finalize() const {
  auto global = parse_values(global_);
  if (!global) return pass(std::move(global));
  auto names = collect_names(certificates_, uses_, dialect_);
  if (!names) return pass(std::move(names));

  Config config;
  config.global_ = complete_global(global->global);
  const CertificateContext context{.global = global->global,
                                   .completed = config.global_,
                                   .defaults = global->certificate,
                                   .dialect = dialect_};
  auto catalogues = complete_catalogues(std::move(global->global.catalogues), context);
  if (!catalogues) return pass(std::move(catalogues));
  if (auto checked = check_catalogue_uses(*catalogues, uses_, dialect_); !checked) {
    return pass(std::move(checked));
  }
  config.catalogues_ = *std::move(catalogues);
  for (const auto& [name, certificate] : certificates_) {
    auto spec = make_spec(certificate, (*names)[name], context);
    if (!spec) return pass(std::move(spec));
    config.certificates_.push_back(*std::move(spec));
  }
  return config;
}

bool Settings::allows_worker_dumps() const {
  const auto values = parse_values(global_);
  return !values || values->global.worker_dumps.value_or(true);
}

std::optional<LogFormat> Settings::log_format() const {
  const auto values = parse_values(global_);
  return values ? values->global.log_format : std::nullopt;
}

std::vector<std::string> Settings::warnings() const {
  std::vector<std::string> sentences;
  const auto config = finalize();
  if (!config) return sentences;
  for (const CatalogueSpec& each : config->catalogues()) {
    const bool is_used = std::any_of(uses_.begin(), uses_.end(), [&each](const RawUse& use) {
      return use.catalogue == each.name;
    });
    if (is_used) continue;
    sentences.push_back(
        at(fmt::format("no virtual host uses the catalogue \"{0}\"; write \"{1} catalogue={0}\" in "
                       "one of them",
                       each.name, dialect_.use),
           each.origin));
  }
  for (const RawUse& use : uses_) {
    const CertificateSpec* spec = config->find(use.certificate);
    if (spec == nullptr) continue;
    add_never_asked_for(use, sentences);
    const std::vector<std::string> uncovered = uncovered_names(*spec, use);
    if (uncovered.empty()) continue;
    sentences.push_back(
        at(fmt::format("certificate \"{}\" does not cover the name{} {} of a virtual host; clients "
                       "that ask for {} will refuse it",
                       spec->name, uncovered.size() == 1 ? "" : "s",
                       enumerated(uncovered, kNamesShown), uncovered.size() == 1 ? "it" : "them"),
           use.origin));
  }
  return sentences;
}

std::map<std::string, std::vector<std::string>, std::less<>> Settings::hosts() const {
  std::map<std::string, std::vector<std::string>, std::less<>> hosts;
  for (const RawUse& use : uses_) {
    if (!use.catalogue.empty()) continue;
    std::vector<std::string>& names = hosts[use.certificate];
    for (std::string& name : comparable_names(use.server_names)) names.push_back(std::move(name));
  }
  for (auto& [certificate, names] : hosts) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }
  return hosts;
}

}  // namespace ccm::config
