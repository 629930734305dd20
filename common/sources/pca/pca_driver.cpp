// SPDX-License-Identifier: Apache-2.0
#include "sources/pca/pca_driver.h"

#include <fmt/format.h>

#include <array>

#include "config/sources/pca.h"
#include "sources/pca/pca_source.h"

namespace ccm::sources {
namespace {

using PcaWord = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kLocalKey = "pca";
constexpr std::string_view kCloudKey = "pca-cloud-key";
constexpr std::array<SourceVariant, 2> kPcaVariants{
    {{kLocalKey, ""}, {kCloudKey, "key made by PCA"}}};

// No object of the service has this id.
constexpr std::string_view kNoId = "00000000-0000-0000-0000-000000000000";
constexpr std::array<PcaWord, 1> kPcaListTrial{{{"limit", "1"}}};
constexpr std::array<PcaWord, 1> kCaTrial{{{"ca_id", kNoId}}};
constexpr std::array<PcaWord, 1> kShowTrial{{{"certificate_id", kNoId}}};
constexpr std::array<PcaWord, 3> kExportTrial{
    {{"certificate_id", kNoId}, {"type", "NGINX"}, {"is_compressed", "false"}}};
constexpr std::array<PcaWord, 6> kIssueTrial{{{"issuer_id", kNoId},
                                              {"key_algorithm", "EC256"},
                                              {"signature_algorithm", "SHA256"},
                                              {"distinguished_name.common_name", "doctor.invalid"},
                                              {"validity.type", "DAY"},
                                              {"validity.value", "1"}}};
constexpr std::array<PcaWord, 5> kSignTrial{{{"issuer_id", kNoId},
                                             {"csr", ""},
                                             {"validity.type", "DAY"},
                                             {"validity.value", "1"},
                                             {"type", "ENTITY_CERT"}}};

constexpr std::string_view kSeeAuthority = "to see whether the CA issues";
constexpr std::string_view kFindLost = "to find what was issued when the answer was lost";
constexpr std::string_view kSeeRevoked = "to see whether it was revoked";
// The calls of pca_source.cpp.
constexpr auto kPcaNeeds = std::to_array<CloudNeed>({
    {kLocalKey, "pca.ShowCertificateAuthority", kSeeAuthority, kCaTrial},
    {kLocalKey, "pca.CreateCertificateByCsr", "to have a certificate issued", kSignTrial},
    {kCloudKey, "pca.ShowCertificateAuthority", kSeeAuthority, kCaTrial},
    {kCloudKey, "pca.CreateCertificate", "to have certificate and key made", kIssueTrial},
    {kLocalKey, "pca.ListCertificate", kFindLost, kPcaListTrial, true},
    {kCloudKey, "pca.ListCertificate", kFindLost, kPcaListTrial, true},
    {kLocalKey, "pca.ShowCertificate", kSeeRevoked, kShowTrial},
    {kCloudKey, "pca.ShowCertificate", kSeeRevoked, kShowTrial},
    {kLocalKey, "pca.ExportCertificate", "to fetch the certificate", kExportTrial},
    {kCloudKey, "pca.ExportCertificate", "to fetch certificate and key", kExportTrial},
});
constexpr std::array<std::string_view, 1> kPcaUsableStates{"ACTIVED"};

std::unique_ptr<Source> make_pca(const SourceParts& parts) {
  return std::make_unique<PcaSource>(cloud::PcaClient(parts.session, parts.endpoints.pca),
                                     parts.store);
}

std::string_view pca_variant(const config::SourceSpec& source) {
  const auto origin = source.as<config::PcaSource>().key_origin;
  return origin == config::KeyOrigin::cloud ? kCloudKey : kLocalKey;
}

std::optional<NamedObject> pca_named(const config::SourceSpec& source) {
  return NamedObject{.title = "CA",
                     .operation = "pca.ShowCertificateAuthority",
                     .parameter = "ca_id",
                     .id = source.as<config::PcaSource>().issuer_id,
                     .advice = "name the issuer as ccmctl ca list shows it"};
}

std::string pca_remedy(const NamedObject& authority, std::string_view state) {
  if (state == "DISABLED") return fmt::format("ccmctl ca enable {}", authority.id);
  if (state == "PENDING") return fmt::format("ccmctl ca activate {} --help", authority.id);
  if (state == "DELETED") return fmt::format("ccmctl ca restore {}", authority.id);
  return "name another issuer";
}

}  // namespace

constinit const SourceDriver kPcaDriver{
    .kind = &config::kPcaKind,
    .service = cloud::Service::pca,
    .endpoint = &cloud::Endpoints::pca,
    .make = make_pca,
    .is_costly = true,
    .check_policy = nullptr,
    .variants = kPcaVariants,
    .variant_of = pca_variant,
    .needs = kPcaNeeds,
    .named = pca_named,
    .usable_states = kPcaUsableStates,
    .remedy = pca_remedy,
};

}  // namespace ccm::sources
