// SPDX-License-Identifier: Apache-2.0
// The ECS metadata service: a session token and the temporary keys of the server's agency, for the
// demo account. Plain HTTP, as on a real server (169.254.169.254).
#include <charconv>

#include "service/catalogue.h"
#include "service/operation.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr std::int64_t kMaximumTtl = 21600;

Reply text_reply(std::string text) {
  Reply reply;
  reply.headers = {{"Content-Type", "text/plain"}};
  reply.body = std::move(text);
  return reply;
}

Reply create_metadata_token(Call& call) {
  if (call.world.options.text("metadata_token") == "absent") {
    throw Refusal(404, "404", "Not Found");
  }
  const std::string* ttl = call.request.header("X-Metadata-Token-Ttl-Seconds");
  std::int64_t seconds = 0;
  if (ttl != nullptr) std::from_chars(ttl->data(), ttl->data() + ttl->size(), seconds);
  if (seconds < 1 || seconds > kMaximumTtl) {
    throw Refusal(400, "400", "X-Metadata-Token-Ttl-Seconds must be within 1 and 21600.");
  }
  const std::string token = random_token(56);
  call.world.store.put("metadata_token", hex(sha256(token)),
                       {{"expires_ms", call.world.clock.now_ms() + seconds * 1000}});
  return text_reply(token);
}

void check_metadata_token(const Call& call) {
  const std::string* token = call.request.header("X-Metadata-Token");
  const std::string mode = call.world.options.text("metadata_token");
  if (token == nullptr) {
    if (mode == "required") throw Refusal(401, "401", "Unauthorized: a metadata token is needed.");
    return;
  }
  const json* known = call.world.store.find("metadata_token", hex(sha256(*token)));
  if (known == nullptr || (*known)["expires_ms"] <= call.world.clock.now_ms()) {
    throw Refusal(401, "401", "Unauthorized: the metadata token is unknown or has expired.");
  }
}

// The agency's current key; a new one when less than half of its life is left.
json agency_key(World& world) {
  const std::int64_t lifetime = world.options.number("metadata_key_lifetime_s");
  if (const json* current = world.store.find("setting", "agency_key")) {
    const json* key = world.accounts.key(current->get<std::string>());
    const bool fresh = key != nullptr && (*key)["enabled"] == true &&
                       (*key)["expires_ms"] > world.clock.now_ms() + lifetime * 500;
    if (fresh) return *key;
  }
  const json& demo = world.accounts.demo();
  json key = world.accounts.create_temporary_key(demo["domain_id"].get<std::string>(), lifetime);
  world.store.put("setting", "agency_key", key["ak"]);
  return key;
}

Reply show_security_key(Call& call) {
  check_metadata_token(call);
  if (!call.world.options.flag("metadata_agency")) {
    throw Refusal(401, "401", "Please configure Cloud Service Agency first");
  }
  const json key = agency_key(call.world);
  return json_reply(200, {{"credential",
                           {{"access", key["ak"]},
                            {"secret", key["sk"]},
                            {"securitytoken", key["security_token"]},
                            {"expires_at", iso_time(key["expires_ms"].get<std::int64_t>())}}}});
}

}  // namespace

Operations metadata_operations() {
  return {
      {Service::metadata,
       "CreateMetadataToken",
       "PUT",
       "/meta-data/latest/api/token",
       create_metadata_token,
       {},
       Operation::Access::open},
      {Service::metadata,
       "ShowSecurityKey",
       "GET",
       "/openstack/latest/securitykey",
       show_security_key,
       {},
       Operation::Access::open},
  };
}

}  // namespace emulator
