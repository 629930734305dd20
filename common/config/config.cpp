// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/source_kinds.h"
#include "crypto/digest.h"

namespace ccm::config {
std::string CertificateSpec::fingerprint() const {
  Record record;
  for (const std::string& server_name : names) record.add("name", server_name);
  record.add("source", source.kind().word);
  source.describe(record);
  if (key) record.add("key", crypto::to_string(*key));
  return crypto::sha256_hex(record.serialize());
}

std::string CatalogueSpec::selection() const {
  if (kind == nullptr) return "store";
  if (!tag) return std::string(kind->word);
  return fmt::format("{} tag={}:{}", kind->word, tag->key, tag->value);
}

bool Hook::wants(EventType event) const noexcept {
  return std::find(events.begin(), events.end(), event) != events.end();
}

Config Config::joined_by(const Config& other) const {
  Config all = *this;
  for (const CertificateSpec& spec : other.certificates_) {
    if (find(spec.name) == nullptr) all.certificates_.push_back(spec);
  }
  std::sort(all.certificates_.begin(), all.certificates_.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const CatalogueSpec& theirs : other.catalogues_) {
    const bool is_shown = std::any_of(
        all.catalogues_.begin(), all.catalogues_.end(),
        [&](const CatalogueSpec& each) { return each.selection() == theirs.selection(); });
    if (!is_shown) all.catalogues_.push_back(theirs);
  }
  return all;
}

Config Config::sharing_ticket_keys() const {
  Config all = *this;
  all.global_.ticket_keys = TicketKeys::fleet;
  return all;
}

Config Config::on_host(std::string_view host) const {
  Config all = *this;
  for (CertificateSpec& spec : all.certificates_) {
    spec.jitter_seed = fmt::format("{}@{}", spec.name, host);
  }
  return all;
}

std::vector<std::string> Config::trust_files() const {
  std::set<std::string> files;
  for (const CertificateSpec& spec : certificates_) {
    const std::string& file = spec.source.facts().trust_file;
    if (!file.empty()) files.insert(file);
  }
  return {files.begin(), files.end()};
}

std::vector<CredentialsSpec> Config::further_credentials() const {
  std::set<CredentialsSpec> all;
  for (const CertificateSpec& spec : certificates_) {
    const std::vector<CredentialsSpec>& its = spec.source.facts().credentials;
    all.insert(its.begin(), its.end());
  }
  return {all.begin(), all.end()};
}

const CertificateSpec* Config::find(std::string_view name) const noexcept {
  const auto found = std::lower_bound(
      certificates_.begin(), certificates_.end(), name,
      [](const CertificateSpec& spec, std::string_view wanted) { return spec.name < wanted; });
  return found != certificates_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace ccm::config
