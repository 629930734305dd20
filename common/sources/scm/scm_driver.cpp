// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_driver.h"

#include <array>

#include "config/sources/scm.h"
#include "sources/scm/scm_order.h"
#include "sources/scm/scm_policy.h"
#include "sources/scm/scm_proofs.h"
#include "sources/scm/scm_source.h"

namespace ccm::sources {
namespace {

using ScmWord = std::pair<std::string_view, std::string_view>;

constexpr std::array<ScmWord, 1> kScmListTrial{{{"limit", "10"}}};
// Of nothing that the service ever made.
constexpr std::array<ScmWord, 1> kScmNoneTrial{{{"certificate_id", "scs0000000000000"}}};

constexpr std::string_view kFetch = "scm";
constexpr std::string_view kIssue = "scm-issue";
constexpr std::array<SourceVariant, 2> kScmVariants{
    {{kFetch, ""},
     {kIssue, "applies for certificates",
      "applying and the search for its refusals have no action of their own in IAM: the "
      "credentials "
      "that apply (issue_credentials, or else the same) need the system policy \"SCM "
      "FullAccess\""}}};
// What scm_source.cpp and scm_orders.cpp call.
constexpr auto kScmNeeds = std::to_array<CloudNeed>({
    {"scm", "scm.ListCertificates", "to find the certificate for a name", kScmListTrial, true},
    {"scm", "scm.ShowCertificate", "to see whether it changed or was revoked", kScmNoneTrial},
    {"scm", "scm.ExportCertificate", "to fetch certificate and key", kScmNoneTrial},
    {kIssue, "scm.ListCertificates", "to find what was paid for", kScmListTrial, true},
    {kIssue, "scm.ShowCertificate", "to see what an order waits for", kScmNoneTrial},
    {kIssue, "scm.ExportCertificate", "to fetch what was issued", kScmNoneTrial},
});
constexpr std::array<std::string_view, 2> kScmUsableStates{"ISSUED", "UPLOAD"};

std::unique_ptr<Source> make_scm(const SourceParts& parts) {
  return std::make_unique<ScmSource>(cloud::ScmClient(parts.session, parts.endpoints.scm),
                                     parts.store, parts.clock, parts.log,
                                     ScmOrdering{.endpoint = parts.endpoints.scm,
                                                 .events = parts.events,
                                                 .session_of = parts.session_of,
                                                 .look = ProofLook::real()});
}

std::string_view scm_variant(const config::SourceSpec& source) {
  return source.as<config::ScmSource>().issue ? kIssue : kFetch;
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

Result<std::optional<OrderView>> scm_order_of(const store::StoreReader& store,
                                              const std::string& name) {
  Result<std::optional<ScmOrder>> order = read_scm_order(store, name);
  if (!order) return pass(std::move(order));
  if (!*order) return std::optional<OrderView>();
  OrderView view{.id = (*order)->certificate_id,
                 .names = (*order)->names,
                 .step = std::string(to_string((*order)->step)),
                 .status = (*order)->status,
                 .waits_for = (*order)->reason,
                 .begun = (*order)->begun,
                 .since = (*order)->step_since,
                 .is_stopped = (*order)->step == OrderStep::stopped,
                 .is_own = (*order)->is_ours,
                 .proofs = {}};
  for (const cloud::ScmProof& proof : (*order)->placed) {
    view.proofs.emplace_back(describe_proof(proof), proof.record_value);
  }
  return std::optional<OrderView>(std::move(view));
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
    .order_of = scm_order_of,
    .withdrawal = "scm.CancelCertificateRequest",
};

}  // namespace ccm::sources
