// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "crypto/digest.h"

namespace ccm::config {
namespace {

void add_source(Record& record, const SourceSpec& source) {
  if (const auto* scm = std::get_if<ScmSource>(&source)) {
    record.add("source", "scm");
    record.add("id", scm->certificate_id);
    if (scm->uploads != Uploads::fallback) {
      record.add("uploads", scm->uploads == Uploads::on ? "on" : "off");
    }
    // What is not given leaves no trace: the fingerprint of an older release's settings stays.
    for (const std::string& issuer : scm->issuers) record.add("issuer", issuer);
    if (scm->trust) record.add("trust", std::to_string(static_cast<int>(*scm->trust)));
    if (!scm->trust_file.empty()) record.add("trust_file", scm->trust_file);
    return;
  }
  const auto& pca = std::get<PcaSource>(source);
  record.add("source", "pca");
  record.add("issuer", pca.issuer_id);
  record.add("key_origin", pca.key_origin == KeyOrigin::local ? "local" : "cloud");
  record.add("validity", to_string(pca.validity));
}

}  // namespace

std::string CertificateSpec::fingerprint() const {
  Record record;
  for (const std::string& server_name : names) record.add("name", server_name);
  add_source(record, source);
  if (key) record.add("key", crypto::to_string(*key));
  return crypto::sha256_hex(record.serialize());
}

Config Config::joined_by(const Config& other) const {
  Config all = *this;
  for (const CertificateSpec& spec : other.certificates_) {
    if (find(spec.name) == nullptr) all.certificates_.push_back(spec);
  }
  std::sort(all.certificates_.begin(), all.certificates_.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
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
    const auto* scm = std::get_if<ScmSource>(&spec.source);
    if (scm != nullptr && !scm->trust_file.empty()) files.insert(scm->trust_file);
  }
  return {files.begin(), files.end()};
}

const CertificateSpec* Config::find(std::string_view name) const noexcept {
  const auto found = std::lower_bound(
      certificates_.begin(), certificates_.end(), name,
      [](const CertificateSpec& spec, std::string_view wanted) { return spec.name < wanted; });
  return found != certificates_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace ccm::config
