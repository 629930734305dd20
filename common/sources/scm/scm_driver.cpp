// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_driver.h"

#include <fmt/format.h>

#include <array>

#include "cloud/api/dns_zones.h"
#include "cloud/transport/endpoints.h"
#include "config/sources/scm.h"
#include "sources/scm/scm_collection.h"
#include "sources/scm/scm_order.h"
#include "sources/scm/scm_policy.h"
#include "sources/scm/scm_proofs.h"
#include "sources/scm/scm_source.h"

namespace ccm::sources {
namespace {

using ScmWord = std::pair<std::string_view, std::string_view>;

constexpr std::array<ScmWord, 1> kScmListTrial{{{"limit", "10"}}};
// No object of the service has this id.
constexpr std::array<ScmWord, 1> kScmNoneTrial{{{"certificate_id", "scs0000000000000"}}};

constexpr std::string_view kFetch = "scm";
constexpr std::string_view kIssue = "scm-issue";
constexpr std::string_view kIssueDns = "scm-issue-dns";
constexpr std::array<SourceVariant, 3> kScmVariants{
    {{kFetch, ""},
     {kIssue, "applies for certificates",
      "applying and the search for its refusals have no action of their own in IAM: the "
      "credentials "
      "that apply (issue_credentials, or else the same) need the system policy \"SCM "
      "FullAccess\""},
     {kIssueDns, "applies for certificates and writes their DNS records",
      "the credentials that apply (issue_credentials, or else the same) need the system policy "
      "\"SCM FullAccess\"; those that write DNS records (issue_dns, or else those that apply) need "
      "dns:zone:list, dns:recordset:list, dns:recordset:create, dns:recordset:update and "
      "dns:recordset:delete"}}};
// The calls of scm_source.cpp and scm_orders.cpp.
constexpr auto kScmNeeds = std::to_array<CloudNeed>({
    {"scm", "scm.ListCertificates", "to find the certificate for a name", kScmListTrial, true},
    {"scm", "scm.ShowCertificate", "to see whether it changed or was revoked", kScmNoneTrial},
    {"scm", "scm.ExportCertificate", "to fetch certificate and key", kScmNoneTrial},
    {kIssue, "scm.ListCertificates", "to find what was paid for", kScmListTrial, true},
    {kIssue, "scm.ShowCertificate", "to see what an order waits for", kScmNoneTrial},
    {kIssue, "scm.ExportCertificate", "to fetch what was issued", kScmNoneTrial},
    {kIssueDns, "scm.ListCertificates", "to find what was paid for", kScmListTrial, true},
    {kIssueDns, "scm.ShowCertificate", "to see what an order waits for", kScmNoneTrial},
    {kIssueDns, "scm.ExportCertificate", "to fetch what was issued", kScmNoneTrial},
});
constexpr std::array<std::string_view, 2> kScmUsableStates{"ISSUED", "UPLOAD"};

std::string zones_endpoint(const config::DnsWriter& writer, const std::string& usual) {
  if (!writer.endpoint.empty()) return writer.endpoint;
  return writer.region.empty() ? usual : cloud::endpoints_for(writer.region, {}).dns;
}

// The zones in the settings, with their credentials: those of issue_dns, or else those that apply
// for certificates.
ZonesOf zones_with(const SourceParts& parts) {
  return [session = &parts.session, session_of = parts.session_of,
          usual = parts.endpoints.dns](const config::Issue& issue) -> Result<cloud::DnsZones> {
    const config::DnsWriter writer = issue.dns.value_or(config::DnsWriter{});
    const auto& credentials = writer.credentials ? writer.credentials : issue.credentials;
    cloud::Session* chosen = session;
    if (credentials) chosen = session_of ? session_of(*credentials) : nullptr;
    if (chosen == nullptr) {
      return fail(ErrorKind::rejected,
                  fmt::format("the credentials for DNS records ({}) are known only to the agent of "
                              "the server whose configuration names them",
                              config::to_string(*credentials)));
    }
    return cloud::DnsZones(*chosen, zones_endpoint(writer, usual));
  };
}

std::unique_ptr<Source> make_scm(const SourceParts& parts) {
  return std::make_unique<ScmSource>(cloud::ScmClient(parts.session, parts.endpoints.scm),
                                     parts.store, parts.clock, parts.log,
                                     ScmOrdering{.endpoint = parts.endpoints.scm,
                                                 .events = parts.events,
                                                 .session_of = parts.session_of,
                                                 .look = ProofLook::real(),
                                                 .zones_of = zones_with(parts)});
}

std::unique_ptr<Collection> collect_scm(const SourceParts& parts) {
  return std::make_unique<ScmCollection>(cloud::ScmClient(parts.session, parts.endpoints.scm),
                                         parts.store);
}

std::string_view scm_variant(const config::SourceSpec& source) {
  const auto& issue = source.as<config::ScmSource>().issue;
  if (!issue) return kFetch;
  const bool writes = !issue->by_file && issue->dns && issue->dns->way == config::DnsWay::cloud;
  return writes ? kIssueDns : kIssue;
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
                 .is_late = (*order)->is_late,
                 .lacks_proof = (*order)->lacks_proof,
                 .proofs = {}};
  for (const cloud::ScmProof& proof : (*order)->placed) {
    view.proofs.emplace_back(describe_proof(proof), proof.record_value);
  }
  return std::optional<OrderView>(std::move(view));
}

const std::optional<config::Issue>& issue_in(const config::SourceSpec& source) {
  return source.as<config::ScmSource>().issue;
}

std::optional<config::CredentialsSpec> scm_applies_with(const config::SourceSpec& source) {
  const auto& issue = issue_in(source);
  return issue ? issue->credentials : std::nullopt;
}

// Tries whether there is a zone for the names and whether its records may be read. The other
// permissions cannot be tried without a change.
std::vector<SideTrial> scm_side_trials(const config::CertificateSpec& spec) {
  const auto& issue = issue_in(spec.source);
  if (!issue || issue->by_file || !issue->dns || issue->dns->way != config::DnsWay::cloud) {
    return {};
  }
  std::string name = spec.names.front();
  if (name.starts_with("*.")) name.erase(0, 2);
  return {
      {.subject = fmt::format("zone of {}", name),
       .credentials = issue->dns->credentials ? issue->dns->credentials : issue->credentials,
       .remedy = "see issue_dns, and what ccmctl policy says of the permissions for DNS records",
       .run = [name, writer = *issue->dns](
                  cloud::Session& session,
                  const cloud::Endpoints& endpoints) -> Result<std::string> {
         const cloud::DnsZones zones(session, zones_endpoint(writer, endpoints.dns));
         const Result<cloud::DnsZone> zone = zones.find_zone(name);
         if (!zone) return fail(zone.error());
         const auto sets = zones.sets_at(*zone, name);
         if (!sets) return fail(sets.error());
         return fmt::format("is {} at Huawei Cloud DNS; its records can be looked at", zone->name);
       }}};
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
    .applies_with = scm_applies_with,
    .side_trials = scm_side_trials,
    .collect = collect_scm,
};

}  // namespace ccm::sources
