// SPDX-License-Identifier: Apache-2.0
// Admin side: accounts, access keys, tokens and the metadata service's keys.
#include "admin/admin_handlers.h"
#include "iam/permissions.h"
#include "world.h"

namespace emulator::admin {
namespace {

json account_view(const World& world, const json& account) {
  json view = account;
  view["keys"] = world.accounts.keys_of(account["domain_id"].get<std::string>());
  view["demo"] = account["domain_id"] == world.accounts.demo()["domain_id"];
  return view;
}

// "demo" stands for the demo account's identifier.
std::string account_id(const Call& call) {
  const std::string id = call.path.at("id");
  if (id == "demo") return call.world.accounts.demo()["domain_id"].get<std::string>();
  if (call.world.accounts.account(id) == nullptr) refuse("there is no such account", 404);
  return id;
}

Reply change_access_key(Call& call, const json& fields) {
  const std::string ak = call.path.at("ak");
  if (call.world.accounts.key(ak) == nullptr) refuse("there is no such access key", 404);
  call.world.accounts.change_key(ak, fields);
  return json_reply(200, *call.world.accounts.key(ak));
}

}  // namespace

Reply list_accounts(Call& call) {
  json list = json::array();
  for (const auto& [id, account] : call.world.store.all("account")) {
    list.push_back(account_view(call.world, account));
  }
  return json_reply(200, {{"accounts", list}});
}

Reply add_account(Call& call) {
  const std::string name = call.text("name").value_or("");
  if (name.empty() || call.world.accounts.find_by_name(name) != nullptr) {
    refuse("an account takes {\"name\": \"...\"} that no other has");
  }
  const json account = call.world.accounts.create_account(name);
  call.world.accounts.create_key(account["domain_id"].get<std::string>());
  return json_reply(201, account_view(call.world, account));
}

Reply rotate_key(Call& call) {
  const std::string domain_id = account_id(call);
  Accounts& accounts = call.world.accounts;
  const json* old = accounts.current_key(domain_id);
  const std::string old_ak = old == nullptr ? "" : (*old)["ak"].get<std::string>();
  if (!old_ak.empty() && !call.flag("keep_old", false)) accounts.remove_key(old_ak);
  const json key = accounts.create_key(domain_id);
  if (accounts.demo()["domain_id"] == domain_id) call.world.write_credentials();
  json answer = key;
  answer["replaces"] = old_ak;
  answer["credentials_file"] = call.world.credentials_file();
  return json_reply(201, answer);
}

Reply add_key(Call& call) {
  const std::string domain_id = account_id(call);
  const std::string ak = call.text("ak").value_or("");
  const std::string sk = call.text("sk").value_or("");
  if (ak.empty() || sk.empty()) refuse("a key takes {\"ak\": \"...\", \"sk\": \"...\"}");
  json key = call.world.accounts.add_key(domain_id, ak, sk);
  if (const auto token = call.text("security_token")) {
    key["security_token"] = *token;
    key["expires_ms"] = call.world.clock.now_ms() + call.number("lifetime_s", 3600) * 1000;
    call.world.accounts.change_key(ak, key);
  }
  return json_reply(201, key);
}

Reply enable_key(Call& call) {
  return change_access_key(call, {{"enabled", true}});
}
Reply disable_key(Call& call) {
  return change_access_key(call, {{"enabled", false}});
}

Reply lock_key(Call& call) {
  const std::int64_t seconds = call.number("seconds", call.world.options.number("lock_s"));
  return change_access_key(call, {{"locked_until_ms", call.world.clock.now_ms() + seconds * 1000}});
}

Reply unlock_key(Call& call) {
  return change_access_key(call, {{"locked_until_ms", 0}, {"failures", 0}});
}

Reply permit_key(Call& call) {
  const json permissions =
      call.body.is_object() ? call.body.value("permissions", json()) : json("?");
  if (const std::string problem = check_permissions(permissions); !problem.empty()) refuse(problem);
  return change_access_key(call, {{"permissions", permissions}});
}

Reply expire_tokens(Call& call) {
  call.world.accounts.expire_tokens();
  return empty_reply(204);
}

Reply expire_metadata(Call& call) {
  const json* current = call.world.store.find("setting", "agency_key");
  if (current != nullptr && call.world.accounts.key(current->get<std::string>()) != nullptr) {
    call.world.accounts.change_key(current->get<std::string>(),
                                   {{"expires_ms", call.world.clock.now_ms() - 1}});
  }
  call.world.store.remove("setting", "agency_key");
  // A copy, because removing changes what is walked over.
  const Store::Documents tokens = call.world.store.all("metadata_token");
  for (const auto& [id, token] : tokens) call.world.store.remove("metadata_token", id);
  return empty_reply(204);
}

}  // namespace emulator::admin
