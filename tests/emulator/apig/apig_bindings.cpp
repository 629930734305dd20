// SPDX-License-Identifier: Apache-2.0
// Which certificates the custom domains of API gateways use. Domains ("apig_domain") are made by
// the admin side.
#include <fmt/format.h>

#include <algorithm>

#include "apig/apig.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr const char* kApigDomain = "apig_domain";

[[noreturn]] void missing(const char* what, const std::string& id) {
  throw Refusal(404, "APIG.3030", fmt::format("The {} does not exist;id:{}", what, id));
}

void keep_domain(const Call& call, const json& domain) {
  call.world.store.put(kApigDomain, domain["id"].get<std::string>(), domain);
}

// The domain that the path names, each of its three parts.
json require_domain(const Call& call) {
  const std::string id = call.path.at("domain_id");
  const json* domain = call.world.store.find(kApigDomain, id);
  if (domain == nullptr || (*domain)["domain_id"] != call.caller.domain_id) missing("domain", id);
  if ((*domain)["instance_id"] != call.path.at("instance_id")) {
    missing("instance", call.path.at("instance_id"));
  }
  if ((*domain)["group_id"] != call.path.at("group_id")) {
    missing("API group", call.path.at("group_id"));
  }
  return *domain;
}

json domain_named(const Call& call, const json& wish) {
  const auto name = wish["domain"].get<std::string>();
  const json instances = wish.value("instance_ids", json::array());
  for (const auto& [id, domain] : call.world.store.all(kApigDomain)) {
    const bool fits =
        domain["domain_id"] == call.caller.domain_id && domain["url_domain"] == name &&
        (instances.empty() ||
         std::find(instances.begin(), instances.end(), domain["instance_id"]) != instances.end());
    if (fits) return domain;
  }
  missing("domain", name);
}

void bind(json& domain, const json& certificate_id) {
  json& bound = domain["certificate_ids"];
  if (std::find(bound.begin(), bound.end(), certificate_id) == bound.end()) {
    bound.push_back(certificate_id);
  }
}

void unbind(json& domain, const json& certificate_id) {
  json& bound = domain["certificate_ids"];
  const auto at = std::find(bound.begin(), bound.end(), certificate_id);
  if (at == bound.end()) missing("binding", certificate_id.get<std::string>());
  bound.erase(at);
}

void enter_verification(json& domain, const json& wish) {
  const char* const field = "verified_client_certificate_enabled";
  if (wish.contains(field)) domain[field] = wish[field];
}

json apig_domain_view(const Call& call, const json& domain, const json& certificate_id) {
  const json record = require_gateway_certificate(call, certificate_id.get<std::string>());
  return {{"url_domain", domain["url_domain"]},
          {"id", domain["id"]},
          {"status", 3},
          {"min_ssl_version", "TLSv1.2"},
          {"is_http_redirect_to_https", false},
          {"verified_client_certificate_enabled", domain["verified_client_certificate_enabled"]},
          {"ingress_http_port", 80},
          {"ingress_https_port", 443},
          {"ssl_id", record["id"]},
          {"ssl_name", record["name"]},
          {"api_group_id", domain["group_id"]},
          {"api_group_name", domain["group_name"]},
          {"instance_id", domain["instance_id"]}};
}

using Change = void (*)(json& domain, const json& certificate_id);

// One certificate, several domains.
Reply change_domains(Call& call, Change change) {
  const json record = require_gateway_certificate(call, call.path.at("certificate_id"));
  for (const json& wish : call.body["domains"]) {
    json domain = domain_named(call, wish);
    change(domain, record["id"]);
    enter_verification(domain, wish);
    keep_domain(call, domain);
  }
  return empty_reply(204);
}

// One domain, several certificates.
Reply change_certificates(Call& call, Change change) {
  json domain = require_domain(call);
  for (const json& id : call.body["certificate_ids"]) {
    change(domain, require_gateway_certificate(call, id.get<std::string>())["id"]);
  }
  enter_verification(domain, call.body);
  keep_domain(call, domain);
  return empty_reply(204);
}

Reply attach_domains(Call& call) {
  return change_domains(call, bind);
}
Reply detach_domains(Call& call) {
  return change_domains(call, unbind);
}
Reply attach_certificates(Call& call) {
  return change_certificates(call, bind);
}
Reply detach_certificates(Call& call) {
  return change_certificates(call, unbind);
}

Reply list_domains(Call& call) {
  const json record = require_gateway_certificate(call, call.path.at("certificate_id"));
  const std::string wanted = call.text("url_domain").value_or("");
  std::vector<json> views;
  for (const auto& [id, domain] : call.world.store.all(kApigDomain)) {
    const json& bound = domain["certificate_ids"];
    if (std::find(bound.begin(), bound.end(), record["id"]) != bound.end() &&
        contains(domain["url_domain"].get<std::string>(), wanted)) {
      views.push_back(apig_domain_view(call, domain, record["id"]));
    }
  }
  const auto offset = static_cast<std::size_t>(call.number("offset", 0));
  const auto end =
      std::min(views.size(), offset + static_cast<std::size_t>(call.number("limit", 20)));
  json page = json::array();
  for (std::size_t at = offset; at < end; ++at) page.push_back(views[at]);
  return json_reply(200, {{"size", page.size()}, {"total", views.size()}, {"bound_domains", page}});
}

Reply bind_inline(Call& call) {
  json domain = require_domain(call);
  const json record = add_gateway_certificate(call);
  domain["certificate_ids"] = json::array({record["id"]});
  keep_domain(call, domain);
  return json_reply(200, apig_domain_view(call, domain, record["id"]));
}

Reply unbind_one(Call& call) {
  json domain = require_domain(call);
  unbind(domain, call.path.at("certificate_id"));
  keep_domain(call, domain);
  return empty_reply(204);
}

Reply show_bound(Call& call) {
  json domain = require_domain(call);
  const json record = require_gateway_certificate(call, call.path.at("certificate_id"));
  unbind(domain, record["id"]);  // not kept: only asks whether it is bound
  return json_reply(200, gateway_certificate_view(record));
}

std::vector<Parameter> domains_parameters() {
  return {body_list("domains")
              .must()
              .within(1, INT64_MAX)
              .of({body_text("domain").must(), body_list("instance_ids"),
                   body_flag("verified_client_certificate_enabled")})};
}

std::vector<Parameter> certificates_parameters() {
  return {body_list("certificate_ids").must().within(1, INT64_MAX),
          body_flag("verified_client_certificate_enabled")};
}

}  // namespace

Operations apig_binding_operations() {
  const std::string one = "/v2/{project_id}/apigw/certificates/{certificate_id}";
  const std::string domain =
      "/v2/{project_id}/apigw/instances/{instance_id}/api-groups/{group_id}/domains/{domain_id}";
  return {
      {Service::apig, "BatchAssociateDomainsV2", "POST", one + "/domains/attach", attach_domains,
       domains_parameters()},
      {Service::apig, "BatchDisassociateDomainsV2", "POST", one + "/domains/detach", detach_domains,
       domains_parameters()},
      {Service::apig, "BatchAssociateCertsV2", "POST", domain + "/certificates/attach",
       attach_certificates, certificates_parameters()},
      {Service::apig, "BatchDisassociateCertsV2", "POST", domain + "/certificates/detach",
       detach_certificates, certificates_parameters()},
      {Service::apig,
       "ListAttachedDomainsV2",
       "GET",
       one + "/attached-domains",
       list_domains,
       {query_number("offset").within(0, 1'000'000'000), query_number("limit").within(1, 500),
        query_text("url_domain")}},
      {Service::apig,
       "AssociateCertificateV2",
       "POST",
       domain + "/certificate",
       bind_inline,
       {body_text("cert_content").must().within(1, INT64_MAX),
        body_text("name").must().within(4, 50),
        body_text("private_key").must().within(1, INT64_MAX)}},
      {Service::apig, "DisassociateCertificateV2", "DELETE",
       domain + "/certificate/{certificate_id}", unbind_one},
      {Service::apig, "ShowDetailsOfDomainNameCertificateV2", "GET",
       domain + "/certificate/{certificate_id}", show_bound},
  };
}

}  // namespace emulator
