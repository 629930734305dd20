// SPDX-License-Identifier: Apache-2.0
// Gives certificates to other services of the cloud: push gives one to a service, deploy puts it on
// resources there.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/host/cloud_subject.h"
#include "cli/output/table.h"

namespace ccm::cli {
namespace {

struct DeliveryOptions {
  std::string subject;
  std::vector<std::string> targets;
  std::string project;
};

// "elb=a,b": the service ELB and the words a and b.
struct Target {
  std::string service;
  std::vector<std::string> words;
};

Result<Target> parse_target(const std::string& text, std::string_view form) {
  constexpr std::array<std::string_view, 3> kServices = {"ELB", "WAF", "CDN"};
  const auto equals = text.find('=');
  const auto* service = std::find_if(
      kServices.begin(), kServices.end(),
      [&](std::string_view each) { return equals_ignoring_case(each, text.substr(0, equals)); });
  if (service == kServices.end()) {
    return fail(ErrorKind::invalid,
                fmt::format("--to {}: the service is elb, waf or cdn, as in --to {}",
                            printable(text), form));
  }
  Target target{.service = std::string(*service), .words = {}};
  if (equals == std::string::npos) return target;
  for (const auto word : split(std::string_view(text).substr(equals + 1), ',')) {
    target.words.emplace_back(word);
  }
  return target;
}

// Only SCM gives certificates to other services.
Result<std::optional<CloudSubject>> deliverable(Workspace& workspace, const std::string& word) {
  auto subject = find_subject(workspace, word);
  if (!subject || !*subject || (*subject)->service == cloud::Service::scm) return subject;
  return fail(ErrorKind::invalid,
              fmt::format("{} is a certificate of a private CA, and only SCM gives certificates to "
                          "other services: bring it there with `ccmctl certificates import --name "
                          "NAME --from-store NAME`, and give the id it gets",
                          word));
}

struct Delivered {
  std::string service;
  std::string target;
  std::string outcome;
};

bool is_success(const Delivered& delivered) {
  return equals_ignoring_case(delivered.outcome, "success");
}

Result<ExitCode> report(const Workspace& workspace, const CloudSubject& subject,
                        const std::vector<Delivered>& all) {
  if (workspace.options.dry_run) return ExitCode::ok;
  const bool is_done = std::all_of(all.begin(), all.end(), is_success);
  Table table({"SERVICE", "TARGET", "OUTCOME"});
  std::vector<cloud::JsonObject> objects;
  for (const Delivered& each : all) {
    table.add({{each.service},
               {each.target},
               {each.outcome, is_success(each) ? Colour::green : Colour::red}});
    objects.emplace_back();
    objects.back()
        .set("service", each.service)
        .set("target", each.target)
        .set("outcome", each.outcome);
  }
  if (!workspace.options.json) {
    Terminal::print(table.text(workspace.terminal));
    return is_done ? ExitCode::ok : ExitCode::failed;
  }
  cloud::JsonObject answer;
  answer.set("certificate_id", subject.id).set_objects("results", std::move(objects));
  auto printed = print_object(std::move(answer));
  return !printed || is_done ? printed : ExitCode::failed;
}

// PushCertificate for one project; BatchPushCertificate for several, which reports each.
Result<void> push_to(CloudAccess& cloud, const CloudSubject& subject, const Target& target,
                     std::vector<Delivered>& all) {
  Words words = {{"certificate_id", subject.id}, {"target_service", target.service}};
  const bool is_one = target.words.size() == 1;
  for (const std::string& project : target.words) {
    words.emplace_back(is_one ? "target_project" : "target_projects", project);
  }
  const auto answer =
      cloud.call(is_one ? "scm.PushCertificate" : "scm.BatchPushCertificate", words);
  if (!answer) return fail(answer.error());
  if (is_one) all.push_back({target.service, target.words.front(), "success"});
  for (const auto& each : answer->root()["results"].elements()) {
    all.push_back({target.service, each["project_name"].text(), each["message"].text()});
  }
  return {};
}

Result<ExitCode> push(Workspace& workspace, const DeliveryOptions& options) {
  std::vector<Target> targets;
  for (const std::string& text : options.targets) {
    auto target = parse_target(text, "elb=PROJECT");
    if (!target) return pass(std::move(target));
    targets.push_back(*std::move(target));
  }
  auto subject = deliverable(workspace, options.subject);
  if (!subject) return pass(std::move(subject));
  if (!*subject) return ExitCode::not_found;
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  std::vector<Delivered> all;
  for (Target& target : targets) {
    if (target.words.empty()) target.words.push_back((*cloud)->region());
    if (target.words.front().empty()) {
      return fail(ErrorKind::invalid,
                  fmt::format("--to {0}: write --to {0}=PROJECT, or give --region",
                              to_lower(target.service)));
    }
    if (auto done = push_to(**cloud, **subject, target, all); !done) return pass(std::move(done));
  }
  return report(workspace, **subject, all);
}

// The fields of one resource of DeployCertificate.
Result<Words> parse_resource(const Target& target, const std::string& text) {
  constexpr std::string_view kForms =
      "elb=LISTENER-ID, cdn=DOMAIN or waf=HOST-ID,type=premium,enterprise_project_id=0";
  if (target.words.empty() || target.words.front().empty()) {
    return fail(ErrorKind::invalid, fmt::format("--to {}: write {}", printable(text), kForms));
  }
  Words fields = {{target.service == "CDN" ? "domain_name" : "id", target.words.front()}};
  for (std::size_t i = 1; i < target.words.size(); ++i) {
    const std::string& word = target.words[i];
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorKind::invalid,
                  fmt::format("--to {}: {} is no KEY=VALUE; one --to names one resource, as in {}",
                              printable(text), printable(word), kForms));
    }
    fields.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return fields;
}

Result<void> deploy_to(CloudAccess& cloud, const CloudSubject& subject, const Words& base,
                       const std::vector<Words>& resources, std::vector<Delivered>& all) {
  Words words = base;
  words.emplace_back("certificate_id", subject.id);
  for (std::size_t i = 0; i < resources.size(); ++i) {
    for (const auto& [name, value] : resources[i]) {
      words.emplace_back(fmt::format("resources[{}].{}", i, name), value);
    }
  }
  const auto answer = cloud.call("scm.DeployCertificate", words);
  if (!answer) return fail(answer.error());
  // The answer lists only what failed.
  std::map<std::string, std::string> failures;
  for (const auto& each : answer->root()["failure_list"].elements()) {
    failures[each["resource"].text()] = each["failure_info"].text();
  }
  for (const Words& fields : resources) {
    const std::string& resource = fields.front().second;
    const auto failed = failures.find(resource);
    all.push_back({base.front().second, resource,
                   failed == failures.end() ? "success" : "failed: " + failed->second});
  }
  return {};
}

Result<ExitCode> deploy(Workspace& workspace, const DeliveryOptions& options) {
  std::map<std::string, std::vector<Words>> resources;
  for (const std::string& text : options.targets) {
    const auto target = parse_target(text, "cdn=www.example.com");
    if (!target) return fail(target.error());
    auto fields = parse_resource(*target, text);
    if (!fields) return pass(std::move(fields));
    resources[target->service].push_back(*std::move(fields));
  }
  auto subject = deliverable(workspace, options.subject);
  if (!subject) return pass(std::move(subject));
  if (!*subject) return ExitCode::not_found;
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  std::vector<Delivered> all;
  for (const auto& [service, list] : resources) {
    Words base = {{"service_name", service}};
    if (!options.project.empty()) base.emplace_back("project_name", options.project);
    auto done = deploy_to(**cloud, **subject, base, list, all);
    if (!done) return pass(std::move(done));
  }
  return report(workspace, **subject, all);
}

CLI::App* add_delivery(CLI::App& app, const char* name, const char* about,
                       DeliveryOptions& options) {
  auto* command = app.add_subcommand(name, about);
  command
      ->add_option("NAME", options.subject,
                   "one of this host's certificates, or the id of a certificate in SCM")
      ->required();
  return command;
}

}  // namespace

void add_delivery_commands(CLI::App& app, Action& action) {
  auto pushed = std::make_shared<DeliveryOptions>();
  auto* command = add_delivery(app, "push", "Gives a certificate to ELB, WAF or CDN", *pushed);
  command
      ->add_option("--to", pushed->targets,
                   "elb, waf or cdn; =PROJECT,PROJECT adds projects other than the region's "
                   "own; may be repeated")
      ->required()
      ->allow_extra_args(false);
  command->footer(
      "Examples:\n"
      "  ccmctl push www --to elb\n"
      "  ccmctl push scs1600000000000 --to waf=ap-southeast-1,ap-southeast-3 --to cdn");
  command->callback(
      [=, &action] { action = [=](Workspace& workspace) { return push(workspace, *pushed); }; });
  auto deployed = std::make_shared<DeliveryOptions>();
  command =
      add_delivery(app, "deploy", "Puts a certificate on resources of ELB, WAF or CDN", *deployed);
  command
      ->add_option("--to", deployed->targets,
                   "elb=LISTENER-ID, cdn=DOMAIN or waf=HOST-ID,type=cloud|premium,"
                   "enterprise_project_id=ID; may be repeated")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--project", deployed->project,
                      "the resources' project (default: the region's own)");
  command->footer(
      "Examples:\n"
      "  ccmctl deploy www --to cdn=www.example.com\n"
      "  ccmctl deploy www --to elb=LISTENER_ID --to "
      "waf=HOST_ID,type=premium,enterprise_project_id=0");
  command->callback([=, &action] {
    action = [=](Workspace& workspace) { return deploy(workspace, *deployed); };
  });
}

}  // namespace ccm::cli
