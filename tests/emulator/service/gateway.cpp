// SPDX-License-Identifier: Apache-2.0
#include "service/gateway.h"

#include <algorithm>

#include "admin/fault_effects.h"
#include "iam/permissions.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

// The values of a template's parts, or nothing when the path does not fit.
std::optional<std::map<std::string, std::string>> fit(const std::vector<std::string>& pattern,
                                                      const std::vector<std::string>& actual) {
  if (pattern.size() != actual.size()) return std::nullopt;
  std::map<std::string, std::string> values;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with("{")) {
      if (actual[i].empty()) return std::nullopt;
      values[pattern[i].substr(1, pattern[i].size() - 2)] = actual[i];
    } else if (pattern[i] != actual[i]) {
      return std::nullopt;
    }
  }
  return values;
}

std::vector<std::string> segments(const Request& request) {
  std::string path = request.path();
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  // The spelling of the reference's text layer; a client may have taken it literally.
  path = replace_all(path, "/private-certificateAuthorities", "/private-certificate-authorities");
  std::vector<std::string> parts = split(path, '/');
  for (std::string& part : parts) part = percent_decode(part);
  return parts;
}

// The body when it is JSON, null otherwise.
json body_of(const Request& request) {
  json parsed = json::parse(request.body, nullptr, false);
  return parsed.is_discarded() ? json() : parsed;
}

const char* title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    default:
      return "Internal Server Error";
  }
}

// SCM and PCA speak {error_code, error_msg}, IAM {error}, the gateway adds a request id.
Reply refusal_reply(const Refusal& refusal, Service service, const std::string& request_id) {
  if (refusal.code.starts_with("APIGW")) {
    Reply reply = json_reply(
        refusal.status,
        {{"error_msg", refusal.message}, {"error_code", refusal.code}, {"request_id", request_id}});
    reply.headers.emplace_back("Server", "api-gateway");
    return reply;
  }
  if (service == Service::iam || service == Service::sts) {
    return json_reply(refusal.status, {{"error",
                                        {{"code", refusal.status},
                                         {"message", refusal.message},
                                         {"title", title_of(refusal.status)}}}});
  }
  if (service == Service::dns) {
    return json_reply(refusal.status, {{"code", refusal.code}, {"message", refusal.message}});
  }
  if (service == Service::metadata) {
    Reply reply = empty_reply(refusal.status);
    reply.headers = {{"Content-Type", "text/plain"}};
    reply.body = refusal.message;
    return reply;
  }
  if (service == Service::admin) return json_reply(refusal.status, {{"error", refusal.message}});
  return json_reply(refusal.status, {{"error_code", refusal.code}, {"error_msg", refusal.message}});
}

// Identifiers and names by which a fault may be tied to one certificate or CA.
std::vector<std::string> resources_of(const Call& call) {
  std::vector<std::string> resources;
  for (const auto& [name, value] : call.path) resources.push_back(value);
  if (const auto issuer = call.text("issuer_id")) resources.push_back(*issuer);
  auto found = call.path.find("certificate_id");
  if (found == call.path.end()) found = call.path.find("cert_id");
  if (found == call.path.end()) return resources;
  if (const json* record = call.world.store.find("scm_certificate", found->second)) {
    resources.push_back(record->value("domain", ""));
    resources.push_back(record->value("name", ""));
  }
  if (const json* record = call.world.store.find("pca_certificate", found->second)) {
    resources.push_back(record->value("issuer_id", ""));
    resources.push_back((*record)["distinguished_name"].value("common_name", ""));
  }
  return resources;
}

Refusal bad_body(Service service, const std::string& detail) {
  if (service == Service::scm) return Refusal("SCM.0005", detail);
  if (service == Service::pca) return Refusal("PCA.00020001", detail);
  if (service == Service::apig) return {400, "APIG.3325", detail};
  return {400, "400", detail};
}

bool is_cloud(Service service) {
  return service == Service::iam || service == Service::sts || service == Service::scm ||
         service == Service::pca || service == Service::apig || service == Service::dns;
}

void check_project(const Call& call, const std::string& project) {
  const json& projects = (*call.world.accounts.account(call.caller.domain_id))["projects"];
  const bool own = std::any_of(projects.begin(), projects.end(),
                               [&](const json& known) { return known["id"] == project; });
  if (own) return;
  const Service service = call.operation.service;
  if (service == Service::scm) throw Refusal("SCM.0069");
  if (service == Service::pca) throw Refusal("PCA.00010004");
  if (service == Service::apig) throw Refusal("APIG.1005");
  throw Refusal(404, "404", "The project does not exist.");
}

// Headers and path that name an account or project must fit the caller.
void check_scope(const Call& call) {
  const Service service = call.operation.service;
  const std::string* domain = call.request.header("X-Domain-Id");
  if (domain != nullptr && *domain != call.caller.domain_id) {
    if (service == Service::scm) throw Refusal("SCM.0002");
    if (service == Service::pca) throw Refusal("PCA.00010004");
    if (service == Service::apig) throw Refusal("APIG.1005");
    throw Refusal(403, "403", "The account of the request is not that of the caller.");
  }
  if (const std::string* project = call.request.header("X-Project-Id")) {
    check_project(call, *project);
  }
  const auto in_path = call.path.find("project_id");
  if (in_path != call.path.end()) check_project(call, in_path->second);
}

}  // namespace

Gateway::Gateway(World& world) : world_(world), operations_(all_operations()) {}

Gateway::Route Gateway::find(const Request& request) const {
  const std::vector<std::string> actual = segments(request);
  Route best;
  for (const Operation& operation : operations_) {
    if (operation.method != request.method) continue;
    auto values = fit(split(operation.path, '/'), actual);
    if (!values) continue;
    if (operation.chosen != nullptr && !operation.chosen(body_of(request))) continue;
    // A literal part ("import") is a better fit than a variable one ("{certificate_id}").
    if (best.operation == nullptr || values->size() < best.path.size()) {
      best = {&operation, std::move(*values)};
    }
  }
  return best;
}

Reply Gateway::handle(const Request& request) {
  const std::scoped_lock lock(world_.mutex);
  static const Operation kUnknown{Service::iam,           "Unknown", "", "", nullptr, {},
                                  Operation::Access::open};
  const Route route = find(request);
  const Operation& operation = route.operation != nullptr ? *route.operation : kUnknown;
  Call call{world_, request, operation, {}, route.path, parse_query(request.query()), {}, {}};
  LogEntry entry{name_of(operation.service), operation.id, "", "", "", random_hex(16), "", ""};
  if (!route.path.empty()) entry.resource = route.path.begin()->second;
  Reply reply = attempt(call, entry);
  entry.domain_id = call.caller.domain_id;
  entry.access_key = call.caller.access_key;
  reply.headers.emplace_back("X-Request-Id", entry.request_id);
  if (operation.service == Service::iam) {
    reply.headers.emplace_back("X-IAM-Trace-Id", entry.request_id);
  }
  reply.headers.emplace_back("Date", http_time(world_.clock.now_ms()));
  reply.log.reset();
  if (operation.service != Service::admin) reply.log = std::move(entry);
  return reply;
}

Reply Gateway::attempt(Call& call, LogEntry& entry) {
  const Service service = call.operation.service;
  try {
    if (call.operation.handler == nullptr) throw Refusal("APIGW.0101");
    if (is_cloud(service) && !call.request.secure) {
      throw Refusal(400, "APIGW.0201", "API request error. This service speaks HTTPS only.");
    }
    Reply reply = run(call);
    if (reply.log) {
      entry.code = reply.log->code;
      entry.fault = reply.log->fault;
    }
    return reply;
  } catch (const Refusal& refusal) {
    entry.code = refusal.code;
    return refusal_reply(refusal, service, entry.request_id);
  } catch (const json::exception& problem) {
    // A member of the body has another type than the handler expects.
    const Refusal refusal = bad_body(service, problem.what());
    entry.code = refusal.code;
    return refusal_reply(refusal, service, entry.request_id);
  } catch (const std::exception& problem) {
    const Refusal refusal(service == Service::pca    ? "PCA.00000001"
                          : service == Service::apig ? "APIG.9999"
                                                     : "SCM.0100",
                          problem.what());
    entry.code = refusal.code;
    return refusal_reply(refusal, service, entry.request_id);
  }
}

Reply Gateway::run(Call& call) {
  const Operation& operation = call.operation;
  read_body(call);
  if (operation.service != Service::admin) {
    authenticate(call);
    const auto fault =
        world_.faults.take({name_of(operation.service), operation.id, call.caller.domain_id,
                            call.caller.access_key, resources_of(call)});
    if (fault) {
      call.effect = fault->effect;
      Reply reply = apply_fault(call, [&] {
        check_parameters(call);
        return operation.handler(call);
      });
      if (!reply.log) reply.log = LogEntry{};
      reply.log->fault = fault->id;
      return reply;
    }
  }
  check_parameters(call);
  return operation.handler(call);
}

void Gateway::authenticate(Call& call) const {
  if (call.operation.access == Operation::Access::open) return;
  try {
    call.caller = world_.authentication.check(call.request);
  } catch (const Refusal& refusal) {
    // IAM itself judges tokens and says so in its own words.
    const bool token = call.request.header("Authorization") == nullptr;
    if (call.operation.service == Service::iam && token) {
      throw Refusal(401, refusal.code == "APIGW.0307" ? "APIGW.0307" : "401",
                    "The request you have made requires authentication.");
    }
    throw;
  }
  check_scope(call);
  require_permission(call);
}

void Gateway::read_body(Call& call) const {
  const auto& parameters = call.operation.parameters;
  const bool wanted = std::any_of(parameters.begin(), parameters.end(), [](const Parameter& each) {
    return each.place == Parameter::Place::body;
  });
  if (call.request.body.empty()) return;
  json parsed = json::parse(call.request.body, nullptr, false);
  // A GET may carry `{}` or worse; only operations that read a body insist on a JSON object.
  if (parsed.is_object() || parsed.is_array()) {
    call.body = std::move(parsed);
  } else if (wanted) {
    throw bad_body(call.operation.service, "The body is not JSON.");
  }
}

}  // namespace emulator
