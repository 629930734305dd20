// SPDX-License-Identifier: Apache-2.0
#include "cli/cloud/permissions.h"

#include <algorithm>
#include <array>

namespace ccm::cli {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"scm", "pca", "pca-cloud-key"};

struct Row {
  SourceKind kind;
  std::string_view operation;
  std::string_view purpose;
};
// What scm_source.cpp and pca_source.cpp call.
constexpr auto kRows = std::to_array<Row>({
    {SourceKind::scm, "scm.ListCertificates", "to find the certificate for a name"},
    {SourceKind::scm, "scm.ShowCertificate", "to see whether it changed or was revoked"},
    {SourceKind::scm, "scm.ExportCertificate", "to fetch certificate and key"},
    {SourceKind::pca, "pca.ShowCertificateAuthority", "to see whether the CA issues"},
    {SourceKind::pca, "pca.CreateCertificateByCsr", "to have a certificate issued"},
    {SourceKind::pca_cloud_key, "pca.ShowCertificateAuthority", "to see whether the CA issues"},
    {SourceKind::pca_cloud_key, "pca.CreateCertificate", "to have certificate and key made"},
    {SourceKind::pca, "pca.ListCertificate", "to find what was issued when the answer was lost"},
    {SourceKind::pca_cloud_key, "pca.ListCertificate",
     "to find what was issued when the answer was lost"},
    {SourceKind::pca, "pca.ShowCertificate", "to see whether it was revoked"},
    {SourceKind::pca_cloud_key, "pca.ShowCertificate", "to see whether it was revoked"},
    {SourceKind::pca, "pca.ExportCertificate", "to fetch the certificate"},
    {SourceKind::pca_cloud_key, "pca.ExportCertificate", "to fetch certificate and key"},
});

}  // namespace

std::span<const std::string_view> source_kind_names() noexcept {
  return kNames;
}

std::optional<SourceKind> parse_source_kind(std::string_view name) noexcept {
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<SourceKind>(found - kNames.begin());
}

SourceKind kind_of(const config::SourceSpec& source) noexcept {
  const auto* pca = std::get_if<config::PcaSource>(&source);
  if (pca == nullptr) return SourceKind::scm;
  return pca->key_origin == config::KeyOrigin::cloud ? SourceKind::pca_cloud_key : SourceKind::pca;
}

std::vector<Need> needs_of(const std::set<SourceKind>& kinds) {
  std::vector<Need> needs;
  for (const Row& row : kRows) {
    if (kinds.count(row.kind) == 0) continue;
    const auto found = cloud::find_operation(row.operation);
    if (!found) continue;
    const bool is_there = std::any_of(needs.begin(), needs.end(),
                                      [&](const Need& each) { return each.operation == *found; });
    if (!is_there) needs.push_back({*found, row.purpose});
  }
  return needs;
}

std::vector<std::string> actions_of(const std::vector<Need>& needs) {
  std::set<std::string> actions;
  for (const Need& need : needs) actions.emplace(need.operation->iam_action);
  return {actions.begin(), actions.end()};
}

}  // namespace ccm::cli
