// SPDX-License-Identifier: Apache-2.0
// IAM and STS: tokens, accounts and projects (identity API v3; caller identity of STS v5).
#include <algorithm>

#include "iam/iam_tokens.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

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

Reply create_token(Call& call) {
  const json& methods = call.body["auth"]["identity"]["methods"];
  if (methods != json::array({"password"})) {
    bad_request("The authentication method must be password.");
  }
  const json account = account_of_password(call);
  return token_reply(call, account, scope_of(call.body, account));
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
       {body_object("auth").must().of(
            {body_object("identity")
                 .must()
                 .of({body_list("methods").must().one_of({"password"}), password_parameter()}),
             scope_parameter()}),
        query_text("nocatalog")},
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
