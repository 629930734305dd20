// SPDX-License-Identifier: Apache-2.0
// The further ways to a token or to temporary keys: one-time passwords, agencies, identity
// providers (identity API v3 and v3.0). Agencies and identity providers are made by the admin side.
#include <openssl/hmac.h>

#include <algorithm>

#include "iam/iam_tokens.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

bool has_method(const json& body, const char* method) {
  const json::json_pointer path("/auth/identity/methods");
  if (!body.is_object() || !body.contains(path) || !body[path].is_array()) return false;
  return std::find(body[path].begin(), body[path].end(), method) != body[path].end();
}

bool with_passcode(const json& body) {
  return has_method(body, "totp");
}
bool with_agency(const json& body) {
  return has_method(body, "assume_role");
}

std::string base32_decode(const std::string& text) {
  std::string bytes;
  unsigned buffer = 0;
  int bits = 0;
  for (const char character : text) {
    const std::size_t value = std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").find(character);
    buffer = (buffer << 5U) | static_cast<unsigned>(value & 31U);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((buffer >> static_cast<unsigned>(bits)) & 0xFFU);
  }
  return bytes;
}

// RFC 6238 with the parameters of every authenticator: SHA-1, 30 seconds, 6 digits.
std::string one_time_password(const std::string& secret, std::int64_t now_s) {
  std::string counter(8, '\0');
  auto step = static_cast<std::uint64_t>(now_s / 30);
  for (std::size_t i = 8; i-- > 0; step >>= 8U) counter[i] = static_cast<char>(step & 0xFFU);
  const std::string key = base32_decode(secret);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(counter.data()), counter.size(), digest, &length);
  const unsigned char* at = digest + (digest[length - 1] & 0xFU);
  const unsigned number = ((at[0] & 0x7FU) << 24U) | (static_cast<unsigned>(at[1]) << 16U) |
                          (static_cast<unsigned>(at[2]) << 8U) | at[3];
  const std::string digits = std::to_string(number % 1'000'000);
  return std::string(6 - digits.size(), '0') + digits;
}

Reply token_by_passcode(Call& call) {
  const json account = account_of_password(call);
  const json& user = call.body["auth"]["identity"]["totp"]["user"];
  const std::string secret = account.value("totp_secret", "");
  const auto passcode = user["passcode"].get<std::string>();
  bool right = false;
  // A code of the step before is taken as well, for clocks that are a little off.
  for (const std::int64_t back : {0, 30}) {
    right = right || passcode == one_time_password(secret, call.world.clock.now_s() - back);
  }
  if (secret.empty() || user["id"] != account["user_id"] || !right) {
    unauthorized("The verification code is wrong.");
  }
  json facts = scope_of(call.body, account);
  facts["methods"] = json::array({"password", "totp"});
  return token_reply(call, account, facts);
}

// The account that delegates to the caller's through the agency the body names.
json delegating_account(const Call& call) {
  const json& wish = call.body["auth"]["identity"]["assume_role"];
  const auto agency_name = wish["agency_name"].get<std::string>();
  const std::string id = wish.value("domain_id", "");
  const json* account = id.empty() ? call.world.accounts.find_by_name(wish.value("domain_name", ""))
                                   : call.world.accounts.account(id);
  if (account != nullptr) {
    for (const auto& [key, agency] : call.world.store.all("agency")) {
      if (agency["domain_id"] == (*account)["domain_id"] && agency["name"] == agency_name &&
          agency["trusted_domain_id"] == call.caller.domain_id) {
        return *account;
      }
    }
  }
  throw Refusal(403, "403", "You are not authorized to assume the agency.");
}

Reply token_by_agency(Call& call) {
  const json account = delegating_account(call);
  const json& caller = *call.world.accounts.account(call.caller.domain_id);
  json facts = scope_of(call.body, account);
  facts["methods"] = json::array({"assume_role"});
  facts["assumed_by"] = {{"user",
                          {{"id", caller["user_id"]},
                           {"name", caller["user_name"]},
                           {"domain", domain_view(caller)},
                           {"password_expires_at", ""}}}};
  return token_reply(call, account, facts);
}

Reply temporary_key(Call& call, const std::string& domain_id, const json& wish) {
  const json duration = wish.value("duration_seconds", json(900));
  if (!duration.is_number_integer() || duration < 900 || duration > 86400) {
    bad_request("duration_seconds must be within 900 and 86400.");
  }
  const json key =
      call.world.accounts.create_temporary_key(domain_id, duration.get<std::int64_t>());
  return json_reply(201, {{"credential",
                           {{"access", key["ak"]},
                            {"secret", key["sk"]},
                            {"securitytoken", key["security_token"]},
                            {"expires_at", iso_time(key["expires_ms"].get<std::int64_t>())}}}});
}

Reply key_by_token(Call& call) {
  if (!has_method(call.body, "token")) bad_request("The method must be token or assume_role.");
  const json wish = call.body["auth"]["identity"].value("token", json::object());
  const std::string* header = call.request.header("X-Auth-Token");
  const std::string text = wish.value("id", header == nullptr ? "" : *header);
  const json* token = call.world.accounts.token(text);
  if (token == nullptr || (*token)["expires_ms"] <= call.world.clock.now_ms()) {
    unauthorized("The token is unknown or has expired.");
  }
  call.caller.domain_id = (*token)["domain_id"].get<std::string>();
  return temporary_key(call, call.caller.domain_id, wish);
}

Reply key_by_agency(Call& call) {
  const json account = delegating_account(call);
  return temporary_key(call, account["domain_id"].get<std::string>(),
                       call.body["auth"]["identity"]["assume_role"]);
}

// The account that trusts the provider, when this is an ID token the provider vouches for.
json federated_account(Call& call, const std::string& provider_id, const std::string& id_token) {
  const json* provider = call.world.store.find("identity_provider", provider_id);
  if (provider == nullptr) throw Refusal(404, "404", "The identity provider does not exist.");
  const json& known = (*provider)["id_tokens"];
  if (std::find(known.begin(), known.end(), trim(id_token)) == known.end()) {
    unauthorized("The ID token is not valid.");
  }
  return *call.world.accounts.account((*provider)["domain_id"].get<std::string>());
}

// The protocol of every emulated identity provider.
constexpr const char* kProtocol = "oidc";

json federated_facts(const json& account, const std::string& provider) {
  return {{"methods", json::array({"mapped"})},
          {"user",
           {{"id", account["user_id"]},
            {"name", "FederationUser"},
            {"domain", domain_view(account)},
            {"OS-FEDERATION",
             {{"identity_provider", {{"id", provider}}},
              {"protocol", {{"id", kProtocol}}},
              {"groups", json::array()}}}}}};
}

Reply token_by_id_token(Call& call) {
  const std::string* provider = call.request.header("X-Idp-Id");
  if (provider == nullptr) bad_request("The header X-Idp-Id is missing.");
  const json account = federated_account(call, *provider, text_at(call.body, "/auth/id_token/id"));
  json facts = federated_facts(account, *provider);
  facts.update(scope_of(call.body, account));
  return token_reply(call, account, facts);
}

Reply unscoped_token(Call& call) {
  const std::string* bearer = call.request.header("Authorization");
  if (bearer == nullptr || !bearer->starts_with("Bearer ")) {
    unauthorized("The header Authorization with Bearer and the ID token is missing.");
  }
  const std::string provider = call.path.at("idp_id");
  if (call.path.at("protocol_id") != kProtocol) {
    throw Refusal(404, "404", "The identity provider does not have the protocol.");
  }
  const json account = federated_account(call, provider, bearer->substr(7));
  return token_reply(call, account, federated_facts(account, provider));
}

Parameter auth_of(std::vector<Parameter> identity) {
  identity.insert(identity.begin(), body_list("methods").must());
  return body_object("auth").must().of(
      {body_object("identity").must().of(std::move(identity)), scope_parameter()});
}

Parameter role_parameter() {
  return body_object("assume_role")
      .must()
      .of({body_text("agency_name").must(), body_text("domain_id"), body_text("domain_name"),
           body_number("duration_seconds"), body_object("session_user").of({body_text("name")})});
}

Parameter policy_parameter() {
  return body_object("policy").of(
      {body_text("Version").must(), body_list("Statement")
                                        .must()
                                        .of({body_list("Action").must(), body_text("Effect").must(),
                                             body_object("Condition"), body_list("Resource")})});
}

Parameter passcode_parameter() {
  return body_object("totp").must().of({body_object("user").must().of(
      {body_text("id").must(), body_text("passcode").must().within(6, 6)})});
}

}  // namespace

Operations iam_federation_operations() {
  const auto open = Operation::Access::open;
  const auto checked = Operation::Access::signed_or_token;
  const std::string tokens = "/v3/auth/tokens";
  const std::string keys = "/v3.0/OS-CREDENTIAL/securitytokens";
  return {
      {Service::iam,
       "KeystoneCreateUserTokenByPasswordAndMfa",
       "POST",
       tokens,
       token_by_passcode,
       {query_text("nocatalog"), auth_of({password_parameter(), passcode_parameter()})},
       open,
       false,
       with_passcode},
      {Service::iam,
       "KeystoneCreateAgencyToken",
       "POST",
       tokens,
       token_by_agency,
       {query_text("nocatalog"), auth_of({role_parameter()})},
       checked,
       false,
       with_agency},
      {Service::iam,
       "CreateTemporaryAccessKeyByAgency",
       "POST",
       keys,
       key_by_agency,
       {auth_of({role_parameter(), policy_parameter()})},
       checked,
       false,
       with_agency},
      {Service::iam,
       "CreateTemporaryAccessKeyByToken",
       "POST",
       keys,
       key_by_token,
       {auth_of({body_object("token").of({body_text("id"), body_number("duration_seconds")}),
                 policy_parameter()})},
       open},
      {Service::iam,
       "CreateTokenWithIdToken",
       "POST",
       "/v3.0/OS-AUTH/id-token/tokens",
       token_by_id_token,
       {body_object("auth").must().of(
           {body_object("id_token").must().of({body_text("id").must()}), scope_parameter()})},
       open},
      {Service::iam,
       "CreateUnscopedTokenWithIdToken",
       "POST",
       "/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth",
       unscoped_token,
       {},
       open},
  };
}

}  // namespace emulator
