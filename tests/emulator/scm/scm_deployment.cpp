// SPDX-License-Identifier: Apache-2.0
// Handing certificates to ELB, WAF and CDN (API reference 4.1.6) and the refund that only the SDK
// knows.
#include "scm/scm_deployment.h"

#include <algorithm>
#include <set>

#include "admin/targets.h"
#include "scm/scm_records.h"
#include "service/catalogue.h"
#include "service/error_codes.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

const std::vector<std::string> kServices = {"CDN", "WAF", "ELB"};

bool usable(const json& record) {
  return record["status"] == "ISSUED" || record["status"] == "UPLOAD";
}

json require_usable(Call& call) {
  json record = require_scm_record(call);
  if (!usable(record)) throw Refusal("SCM.0010");
  if (is_blank(record, "private_key")) throw Refusal("SCM.0059");
  if (record.contains("enc_certificate")) throw Refusal("SCM.0401");
  return record;
}

std::string service_of(const Call& call, const char* field) {
  return upper(call.text(field).value_or(""));
}

bool covers(const json& record, const std::string& domain) {
  const auto names = names_of_record(record);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    if (lower(name) == lower(domain)) return true;
    const auto dot = domain.find('.');
    return name.starts_with("*.") && dot != std::string::npos &&
           lower(name.substr(1)) == lower(domain.substr(dot));
  });
}

Reply push(Call& call) {
  const json record = require_usable(call);
  push_certificate(call, record, service_of(call, "target_service"),
                   call.text("target_project").value_or(""));
  return empty_reply(204);
}

Reply batch_push(Call& call) {
  const json record = require_usable(call);
  json results = json::array();
  for (const json& project : call.body["target_projects"]) {
    json result = {{"project_name", project}, {"cert_id", ""}, {"message", "success"}};
    try {
      result["cert_id"] = push_certificate(call, record, service_of(call, "target_service"),
                                           project.get<std::string>());
    } catch (const Refusal& refusal) {
      // One region's failure is told in its result, under HTTP 200.
      result["message"] = refusal.message;
    }
    results.push_back(std::move(result));
  }
  return json_reply(200, {{"results", results}});
}

const json* target_for(const Call& call, const std::string& service, const json& resource) {
  const std::string& domain_id = call.caller.domain_id;
  if (service == "CDN") {
    return find_cdn_domain(call.world, domain_id, resource.value("domain_name", ""));
  }
  return find_target(call.world, domain_id, service, resource.value("id", ""));
}

// The code that speaks against deploying to this resource; empty when none does.
std::string objection(const Call& call, const json& record, const std::string& service,
                      const json& resource) {
  if (service == "WAF" && resource.value("type", "").empty()) return "SCM.0005";
  const json* target = target_for(call, service, resource);
  if (target == nullptr) return "SCM.0103";
  if (service != "CDN" && (*target)["region"] != call.text("project_name").value_or("")) {
    return "SCM.0104";
  }
  const auto domain = (*target)["domain_name"].get<std::string>();
  return domain.empty() || covers(record, domain) ? "" : "SCM.0106";
}

Reply deploy(Call& call) {
  const json record = require_scm_record(call);
  if (!usable(record) || record["deploy_support"] != true) throw Refusal("SCM.0101");
  const std::string service = service_of(call, "service_name");
  const std::string region = call.text("project_name").value_or("");
  if (service != "CDN" && !serves_region(service, region)) throw Refusal("SCM.0104", region);
  json failures = json::array();
  for (const json& resource : call.body["resources"]) {
    const std::string code = objection(call, record, service, resource);
    if (code.empty()) {
      set_target_certificate(call.world, *target_for(call, service, resource),
                             record["id"].get<std::string>());
    } else {
      const std::string text(find_error_code(code)->message);
      failures.push_back({{"resource", resource.value(service == "CDN" ? "domain_name" : "id", "")},
                          {"failure_info", code + ": " + text}});
    }
  }
  return json_reply(200, {{"failure_list", failures}});
}

json region_views(const std::vector<json>& targets) {
  std::map<std::string, json> regions;
  for (const json& target : targets) {
    regions[target["region"].get<std::string>()].push_back(
        {{"resource_id", target["id"]}, {"resource_name", target["name"]}});
  }
  json views = json::array();
  for (const auto& [region, resources] : regions) {
    views.push_back({{"region_id", region}, {"is_error", false}, {"resources", resources}});
  }
  return views;
}

json deployed_view(const World& world, const std::string& id, const std::set<std::string>& wanted) {
  json services = json::array();
  std::size_t total = 0;
  for (const std::string& service : kServices) {
    if (wanted.count(service) == 0 && wanted.count("ALL") == 0) continue;
    std::vector<json> targets = targets_of(world, id);
    std::erase_if(targets, [&](const json& target) { return target["service"] != service; });
    total += targets.size();
    services.push_back({{"service", service},
                        {"resource_num", targets.size()},
                        {"resource_location", service == "CDN" ? "global" : "region"},
                        {"region_resources", region_views(targets)}});
  }
  return {{"certificate_id", id}, {"total_num", total}, {"deployed_resources", services}};
}

std::vector<std::string> checked_ids(Call& call) {
  const auto ids = call.body["certificate_ids"].get<std::vector<std::string>>();
  if (ids.empty()) throw Refusal("SCM.0502");
  if (std::set<std::string>(ids.begin(), ids.end()).size() != ids.size()) {
    throw Refusal("SCM.0507");
  }
  std::vector<std::string> unknown;
  std::vector<std::string> unfit;
  for (const std::string& id : ids) {
    try {
      call.path["certificate_id"] = id;
      if (!usable(require_scm_record(call))) unfit.push_back(id);
    } catch (const Refusal&) {
      unknown.push_back(id);
    }
  }
  if (!unknown.empty()) throw Refusal("SCM.0506", join(unknown, ","));
  if (!unfit.empty()) throw Refusal("SCM.0508", join(unfit, ","));
  return ids;
}

Reply list_deployed(Call& call) {
  const auto ids = checked_ids(call);
  std::set<std::string> wanted;
  for (const json& name : call.body["service_names"]) wanted.insert(upper(name.get<std::string>()));
  json results = json::array();
  for (const std::string& id : ids) results.push_back(deployed_view(call.world, id, wanted));
  return json_reply(200, {{"results", results}});
}

Reply unsubscribe(Call& call) {
  const json record = require_scm_record(call);
  if (record["status"] != "PAID") throw Refusal("SCM.0010");
  call.world.store.remove("scm_certificate", record["id"].get<std::string>());
  return json_reply(200, {{"unsubscribe_results", "success"}});
}

Parameter service_parameter(const char* name) {
  return body_text(name).must().within(1, 64).one_of(kServices).any_case().refused_as("SCM.0030");
}

std::vector<Parameter> deploy_parameters() {
  return {body_text("project_name").within(1, 255).refused_as("SCM.0061"),
          service_parameter("service_name"),
          body_list("resources")
              .must()
              .within(1, 20)
              .of({body_text("id").within(0, 63),
                   body_text("type").within(0, 63).one_of({"cloud", "premium"}),
                   body_text("domain_name").within(0, 63),
                   body_text("enterprise_project_id").within(0, 63)})};
}

}  // namespace

std::string push_certificate(Call& call, const json& record, const std::string& service,
                             const std::string& region) {
  if (service != "CDN") {
    const json& projects = (*call.world.accounts.account(call.caller.domain_id))["projects"];
    const bool known = std::any_of(projects.begin(), projects.end(),
                                   [&](const json& project) { return project["name"] == region; });
    if (!known) throw Refusal("SCM.0068", region);
    if (!serves_region(service, region)) {
      throw Refusal(service == "WAF" ? "SCM.0224" : "SCM.0204", region);
    }
  }
  const auto quota = static_cast<std::size_t>(call.world.options.number("waf_quota"));
  if (service == "WAF" && count_pushes(call.world, call.caller.domain_id, "WAF") >= quota) {
    throw Refusal("SCM.0225");
  }
  return add_push(call.world, record, service, region);
}

Operations scm_deployment_operations() {
  const std::string one = "/v3/scm/certificates/{certificate_id}";
  return {
      {Service::scm,
       "PushCertificate",
       "POST",
       one + "/push",
       push,
       {body_text("target_project").within(0, 255).refused_as("SCM.0075"),
        service_parameter("target_service")}},
      {Service::scm,
       "BatchPushCertificate",
       "POST",
       one + "/batch-push",
       batch_push,
       {body_list("target_projects").must().within(1, 10).each(1, 32).refused_as("SCM.0061"),
        service_parameter("target_service")}},
      {Service::scm, "DeployCertificate", "POST", one + "/deploy", deploy, deploy_parameters()},
      {Service::scm,
       "ListDeployedResources",
       "POST",
       "/v3/scm/deployed-resources",
       list_deployed,
       {body_list("certificate_ids").must().within(0, 50).each(16, 16).refused_as("SCM.0505"),
        body_list("service_names")
            .must()
            .within(1, 50)
            .each(0, 5)
            .one_of({"WAF", "CDN", "ELB", "ALL"})
            .any_case()
            .refused_as("SCM.0501")}},
      {Service::scm, "UnsubscribeCertificate", "DELETE",
       "/v3/scm/certificates/{cert_id}/unsubscribe", unsubscribe},
  };
}

}  // namespace emulator
