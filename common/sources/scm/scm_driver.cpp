// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_driver.h"

#include <array>

#include "config/sources/scm.h"
#include "sources/scm/scm_policy.h"
#include "sources/scm/scm_source.h"

namespace ccm::sources {
namespace {

using ScmWord = std::pair<std::string_view, std::string_view>;

constexpr std::array<ScmWord, 1> kScmListTrial{{{"limit", "10"}}};
// Of nothing that the service ever made.
constexpr std::array<ScmWord, 1> kScmNoneTrial{{{"certificate_id", "scs0000000000000"}}};

constexpr std::array<SourceVariant, 1> kScmVariants{{{"scm", ""}}};
// What scm_source.cpp calls.
constexpr auto kScmNeeds = std::to_array<CloudNeed>({
    {"scm", "scm.ListCertificates", "to find the certificate for a name", kScmListTrial, true},
    {"scm", "scm.ShowCertificate", "to see whether it changed or was revoked", kScmNoneTrial},
    {"scm", "scm.ExportCertificate", "to fetch certificate and key", kScmNoneTrial},
});
constexpr std::array<std::string_view, 2> kScmUsableStates{"ISSUED", "UPLOAD"};

std::unique_ptr<Source> make_scm(const SourceParts& parts) {
  return std::make_unique<ScmSource>(cloud::ScmClient(parts.session, parts.endpoints.scm),
                                     parts.store, parts.clock, parts.log);
}

std::string_view scm_variant(const config::SourceSpec&) {
  return kScmVariants.front().name;
}

std::optional<NamedObject> scm_named(const config::SourceSpec& source) {
  const std::string& id = source.as<config::ScmSource>().certificate_id;
  if (id.empty()) return std::nullopt;
  return NamedObject{.title = "certificate",
                     .operation = "scm.ShowCertificate",
                     .parameter = "certificate_id",
                     .id = id,
                     .advice = "name the certificate as ccmctl certificates list shows it"};
}

std::string scm_remedy(const NamedObject&, std::string_view) {
  return "see in the console why it is not issued";
}

}  // namespace

constinit const SourceDriver kScmDriver{
    .kind = &config::kScmKind,
    .service = cloud::Service::scm,
    .endpoint = &cloud::Endpoints::scm,
    .make = make_scm,
    .is_costly = false,
    .check_policy = check_policy,
    .variants = kScmVariants,
    .variant_of = scm_variant,
    .needs = kScmNeeds,
    .named = scm_named,
    .usable_states = kScmUsableStates,
    .remedy = scm_remedy,
};

}  // namespace ccm::sources
