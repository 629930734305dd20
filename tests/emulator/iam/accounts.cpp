// SPDX-License-Identifier: Apache-2.0
#include "iam/accounts.h"

#include "text.h"

namespace emulator {
namespace {

constexpr const char* kRegions[] = {"ap-southeast-1", "ap-southeast-3", "cn-north-4",
                                    "eu-west-101"};

// RFC 4648; what authenticator applications take.
std::string random_base32(std::size_t characters) {
  std::string text;
  for (const char each : random_hex(characters / 2)) {
    text += "ABCDEFGHIJKLMNOP"[each <= '9' ? each - '0' : each - 'a' + 10];
  }
  return text;
}

json key_document(const std::string& domain_id, const std::string& ak, const std::string& sk) {
  return {{"ak", ak},
          {"sk", sk},
          {"domain_id", domain_id},
          {"enabled", true},
          {"failures", 0},
          {"locked_until_ms", 0},
          {"created_ms", machine_ms()}};
}

}  // namespace

json Accounts::create_account(const std::string& name) {
  json projects = json::array();
  for (const char* region : kRegions)
    projects.push_back({{"id", random_hex(16)}, {"name", region}});
  json account = {{"domain_id", random_hex(16)},     {"domain_name", name},
                  {"user_id", random_hex(16)},       {"user_name", name + "-admin"},
                  {"password", random_token(20)},    {"projects", projects},
                  {"totp_secret", random_base32(32)}};
  store_.put("account", account["domain_id"].get<std::string>(), account);
  return account;
}

const json* Accounts::account(const std::string& domain_id) const {
  return store_.find("account", domain_id);
}

const json* Accounts::find_by_name(const std::string& domain_name) const {
  for (const auto& [id, account] : store_.all("account")) {
    if (account["domain_name"] == domain_name) return &account;
  }
  return nullptr;
}

const json& Accounts::demo() const {
  return *account(store_.find("setting", "demo")->get<std::string>());
}

void Accounts::set_demo(const std::string& domain_id) {
  store_.put("setting", "demo", domain_id);
}

json Accounts::create_key(const std::string& domain_id) {
  return add_key(domain_id, upper(random_token(20)), random_token(40));
}

json Accounts::add_key(const std::string& domain_id, const std::string& ak, const std::string& sk) {
  json key = key_document(domain_id, ak, sk);
  store_.put("access_key", ak, key);
  return key;
}

json Accounts::create_temporary_key(const std::string& domain_id, std::int64_t lifetime_s) {
  json key = key_document(domain_id, "HST" + upper(random_token(17)), random_token(40));
  key["security_token"] = "hQpjbi1ub3J0aC00" + random_token(480);
  key["expires_ms"] = clock_.now_ms() + lifetime_s * 1000;
  store_.put("access_key", key["ak"].get<std::string>(), key);
  return key;
}

json Accounts::keys_of(const std::string& domain_id) const {
  json keys = json::array();
  for (const auto& [ak, key] : store_.all("access_key")) {
    if (key["domain_id"] == domain_id) keys.push_back(key);
  }
  return keys;
}

const json* Accounts::current_key(const std::string& domain_id) const {
  const json* newest = nullptr;
  for (const auto& [ak, key] : store_.all("access_key")) {
    if (key["domain_id"] != domain_id || key.contains("security_token")) continue;
    if (newest == nullptr || key["created_ms"] >= (*newest)["created_ms"]) newest = &key;
  }
  return newest;
}

void Accounts::change_key(const std::string& ak, const json& fields) {
  json changed = *key(ak);
  changed.update(fields);
  store_.put("access_key", ak, std::move(changed));
}

bool Accounts::locked(const json& key) const {
  return key["locked_until_ms"].get<std::int64_t>() > clock_.now_ms();
}

void Accounts::count_failure(const std::string& ak) {
  const int failures = (*key(ak))["failures"].get<int>() + 1;
  if (failures > options_.number("lock_after_failures")) {
    change_key(ak, {{"failures", 0},
                    {"locked_until_ms", clock_.now_ms() + options_.number("lock_s") * 1000}});
  } else {
    change_key(ak, {{"failures", failures}});
  }
}

void Accounts::count_success(const std::string& ak) {
  if ((*key(ak))["failures"] != 0) change_key(ak, {{"failures", 0}});
}

std::string Accounts::create_token(const std::string& domain_id, const json& scope) {
  const std::string token = "MIIE" + random_token(1600);
  const std::int64_t now = clock_.now_ms();
  store_.put("token", hex(sha256(token)),
             {{"domain_id", domain_id},
              {"issued_ms", now},
              {"expires_ms", now + options_.number("token_lifetime_s") * 1000},
              {"scope", scope}});
  return token;
}

const json* Accounts::token(const std::string& text) const {
  return store_.find("token", hex(sha256(text)));
}

void Accounts::expire_tokens() {
  const Store::Documents tokens = store_.all("token");
  for (auto [id, token] : tokens) {
    token["expires_ms"] = clock_.now_ms() - 1;
    store_.put("token", id, std::move(token));
  }
}

}  // namespace emulator
