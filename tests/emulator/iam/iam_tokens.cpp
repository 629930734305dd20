// SPDX-License-Identifier: Apache-2.0
#include "iam/iam_tokens.h"

#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

json catalog(const World& world) {
  json list = json::array();
  for (const char* service : {"iam", "scm", "pca", "apig", "dns"}) {
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

}  // namespace

void bad_request(const std::string& message) {
  throw Refusal(400, "400", message);
}
void unauthorized(const std::string& message) {
  throw Refusal(401, "401", message);
}

std::string text_at(const json& document, const char* pointer) {
  const json::json_pointer path(pointer);
  return document.contains(path) && document[path].is_string() ? document[path].get<std::string>()
                                                               : "";
}

json domain_view(const json& account) {
  return {{"id", account["domain_id"]}, {"name", account["domain_name"]}};
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

json account_of_password(Call& call) {
  const std::string user = text_at(call.body, "/auth/identity/password/user/name");
  const std::string password = text_at(call.body, "/auth/identity/password/user/password");
  const std::string domain = text_at(call.body, "/auth/identity/password/user/domain/name");
  if (user.empty() || password.empty() || domain.empty()) {
    bad_request("user name, password and domain name are needed.");
  }
  const json* account = call.world.accounts.find_by_name(domain);
  const bool right = account != nullptr && (*account)["user_name"] == user &&
                     equal_in_constant_time((*account)["password"].get<std::string>(), password);
  if (!right) unauthorized("The username or password is wrong.");
  return *account;
}

Reply token_reply(Call& call, const json& account, const json& facts) {
  const auto domain_id = account["domain_id"].get<std::string>();
  if (call.caller.domain_id.empty()) call.caller.domain_id = domain_id;
  const std::string token = call.world.accounts.create_token(domain_id, facts);
  Reply reply = json_reply(201, token_view(call, *call.world.accounts.token(token)));
  reply.headers.emplace_back("X-Subject-Token", token);
  return reply;
}

Parameter password_parameter() {
  return body_object("password")
      .must()
      .of({body_object("user").must().of(
          {body_text("name").must(), body_text("password").must(),
           body_object("domain").must().of({body_text("name").must()})})});
}

Parameter scope_parameter() {
  const std::vector<Parameter> either = {body_text("id"), body_text("name")};
  return body_object("scope").of(
      {body_object("project").of(either), body_object("domain").of(either)});
}

}  // namespace emulator
