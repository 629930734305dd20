// IAM and STS: tokens, accounts and projects (identity API v3; caller identity of STS v5).
#include <algorithm>

#include "operation.h"
#include "refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

[[noreturn]] void bad_request(const std::string& message) {
  throw Refusal(400, "400", message);
}
[[noreturn]] void unauthorized(const std::string& message) {
  throw Refusal(401, "401", message);
}

// A member of nested objects as text; empty when any step is missing.
std::string text_at(const json& document, const char* pointer) {
  const json::json_pointer path(pointer);
  return document.contains(path) && document[path].is_string() ? document[path].get<std::string>()
                                                               : "";
}

json domain_view(const json& account) {
  return {{"id", account["domain_id"]}, {"name", account["domain_name"]}};
}

json project_view(const World& world, const json& account, const json& project) {
  return {{"id", project["id"]},
          {"name", project["name"]},
          {"domain_id", account["domain_id"]},
          {"parent_id", account["domain_id"]},
          {"is_domain", false},
          {"enabled", true},
          {"description", ""},
          {"links",
           {{"self", world.secure_url + "/v3/projects/" + project["id"].get<std::string>()},
            {"next", nullptr},
            {"previous", nullptr}}}};
}

json catalog(const World& world) {
  json list = json::array();
  for (const char* service : {"iam", "scm", "pca"}) {
    list.push_back({{"type", service},
                    {"id", hex(sha256(service)).substr(0, 32)},
                    {"name", service},
                    {"endpoints", json::array({{{"id", hex(sha256(service)).substr(32)},
                                                {"interface", "public"},
                                                {"region", "*"},
                                                {"region_id", "*"},
                                                {"url", world.secure_url}}})}});
  }
  return list;
}

json token_view(const Call& call, const json& token) {
  const json& account = *call.world.accounts.account(token["domain_id"].get<std::string>());
  json view = {{"expires_at", iso_time(token["expires_ms"].get<std::int64_t>())},
               {"issued_at", iso_time(token["issued_ms"].get<std::int64_t>())},
               {"methods", json::array({"password"})},
               {"roles", json::array({{{"id", "0"}, {"name", "te_admin"}}})},
               {"user",
                {{"id", account["user_id"]},
                 {"name", account["user_name"]},
                 {"domain", domain_view(account)},
                 {"password_expires_at", ""}}}};
  view.update(token["scope"]);
  const bool short_answer = !call.text("nocatalog").value_or("").empty();
  view["catalog"] = short_answer ? json::array() : catalog(call.world);
  return {{"token", view}};
}

// The scope the body asks for, as the token shows it; the whole account when it asks for none.
json scope_of(const json& body, const json& account) {
  const json::json_pointer project_path("/auth/scope/project");
  if (!body.contains(project_path)) {
    const std::string id = text_at(body, "/auth/scope/domain/id");
    const std::string name = text_at(body, "/auth/scope/domain/name");
    const bool own = (id.empty() || account["domain_id"] == id) &&
                     (name.empty() || account["domain_name"] == name);
    if (!own) unauthorized("The account of the scope is not yours.");
    return {{"domain", domain_view(account)}};
  }
  const std::string id = text_at(body, "/auth/scope/project/id");
  const std::string name = text_at(body, "/auth/scope/project/name");
  for (const json& project : account["projects"]) {
    if (project["id"] == id || (id.empty() && project["name"] == name)) {
      json view = {{"id", project["id"]}, {"name", project["name"]}};
      view["domain"] = domain_view(account);
      return {{"project", view}};
    }
  }
  unauthorized("The project of the scope does not exist.");
}

Reply create_token(Call& call) {
  const json& body = call.body;
  const json::json_pointer methods_path("/auth/identity/methods");
  if (!body.contains(methods_path)) bad_request("Expecting to find auth.identity.methods.");
  const json& methods = body[methods_path];
  if (!methods.is_array() || methods.size() != 1 || methods[0] != "password") {
    bad_request("The authentication method must be password.");
  }
  const std::string user = text_at(body, "/auth/identity/password/user/name");
  const std::string password = text_at(body, "/auth/identity/password/user/password");
  const std::string domain = text_at(body, "/auth/identity/password/user/domain/name");
  if (user.empty() || password.empty() || domain.empty()) {
    bad_request("user name, password and domain name are needed.");
  }
  const json* account = call.world.accounts.find_by_name(domain);
  const bool right = account != nullptr && (*account)["user_name"] == user &&
                     equal_in_constant_time((*account)["password"].get<std::string>(), password);
  if (!right) unauthorized("The username or password is wrong.");
  const auto domain_id = (*account)["domain_id"].get<std::string>();
  call.caller.domain_id = domain_id;
  const std::string token = call.world.accounts.create_token(domain_id, scope_of(body, *account));
  Reply reply = json_reply(201, token_view(call, *call.world.accounts.token(token)));
  reply.headers.emplace_back("X-Subject-Token", token);
  return reply;
}

Reply validate_token(Call& call) {
  const std::string* subject = call.request.header("X-Subject-Token");
  const json* token = subject == nullptr ? nullptr : call.world.accounts.token(*subject);
  const bool live = token != nullptr && (*token)["domain_id"] == call.caller.domain_id &&
                    (*token)["expires_ms"] > call.world.clock.now_ms();
  if (!live) throw Refusal(404, "404", "The token cannot be found.");
  Reply reply = json_reply(200, token_view(call, *token));
  reply.headers.emplace_back("X-Subject-Token", *subject);
  return reply;
}

json own_projects(const Call& call) {
  const json& account = *call.world.accounts.account(call.caller.domain_id);
  const std::string wanted = call.text("name").value_or("");
  json projects = json::array();
  for (const json& project : account["projects"]) {
    if (wanted.empty() || project["name"] == wanted) {
      projects.push_back(project_view(call.world, account, project));
    }
  }
  return projects;
}

json links(const Call& call) {
  return {{"self", call.world.secure_url + call.request.path()},
          {"next", nullptr},
          {"previous", nullptr}};
}

Reply list_projects(Call& call) {
  const std::string domain = call.text("domain_id").value_or("");
  const bool foreign = !domain.empty() && domain != call.caller.domain_id;
  json projects = foreign || call.text("enabled") == "false" ? json::array() : own_projects(call);
  const std::int64_t size = call.number("per_page", 5000);
  const std::int64_t start = (call.number("page", 1) - 1) * size;
  json page = json::array();
  for (std::int64_t at = start; at < start + size; ++at) {
    if (at >= static_cast<std::int64_t>(projects.size())) break;
    page.push_back(projects[static_cast<std::size_t>(at)]);
  }
  return json_reply(200, {{"projects", page}, {"links", links(call)}});
}

Reply list_auth_projects(Call& call) {
  return json_reply(200, {{"projects", own_projects(call)}, {"links", links(call)}});
}

Reply list_auth_domains(Call& call) {
  const json& account = *call.world.accounts.account(call.caller.domain_id);
  json domain = domain_view(account);
  domain["enabled"] = true;
  domain["description"] = "";
  domain["links"] = {{"self", call.world.secure_url + "/v3/domains/" + call.caller.domain_id}};
  return json_reply(200, {{"domains", json::array({domain})}, {"links", links(call)}});
}

Reply caller_identity(Call& call) {
  const json& account = *call.world.accounts.account(call.caller.domain_id);
  return json_reply(200, {{"account_id", call.caller.domain_id},
                          {"principal_id", account["user_id"]},
                          {"principal_urn", "iam::" + call.caller.domain_id + ":user:" +
                                                account["user_name"].get<std::string>()}});
}

}  // namespace

Operations iam_operations() {
  return {
      {Service::iam,
       "KeystoneCreateUserTokenByPassword",
       "POST",
       "/v3/auth/tokens",
       create_token,
       {body_object("auth").must(), query_text("nocatalog")},
       Operation::Access::open},
      {Service::iam,
       "KeystoneValidateToken",
       "GET",
       "/v3/auth/tokens",
       validate_token,
       {query_text("nocatalog")}},
      {Service::iam, "KeystoneListAuthDomains", "GET", "/v3/auth/domains", list_auth_domains},
      {Service::iam, "KeystoneListAuthProjects", "GET", "/v3/auth/projects", list_auth_projects},
      {Service::iam,
       "KeystoneListProjects",
       "GET",
       "/v3/projects",
       list_projects,
       {query_text("domain_id"), query_text("name"), query_text("parent_id"), query_flag("enabled"),
        query_flag("is_domain"), query_number("page").within(1, INT64_MAX),
        query_number("per_page").within(1, 5000)}},
      {Service::sts, "GetCallerIdentity", "GET", "/v5/caller-identity", caller_identity},
  };
}

}  // namespace emulator
