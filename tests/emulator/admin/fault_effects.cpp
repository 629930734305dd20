// SPDX-License-Identifier: Apache-2.0
#include "admin/fault_effects.h"

#include <fmt/format.h>

#include "service/error_codes.h"
#include "service/refusal.h"

namespace emulator {
namespace {

Refusal throttled(const json& effect) {
  return {429, "APIGW.0308",
          fmt::format("The throttling threshold has been reached: policy user over "
                      "ratelimit,limit:1,time:{} second",
                      effect["throttle"].get<int>())};
}

Refusal forced(const json& effect) {
  const std::string code = effect.value("code", "");
  Refusal refusal(code);
  const bool known = find_error_code(code) != nullptr;
  refusal.status = effect.value("status", known ? refusal.status : 500);
  refusal.message = effect.value("message", known ? refusal.message : "Injected failure.");
  return refusal;
}

// The refusal an effect stands for, if any.
std::optional<Refusal> refusal_of(const Call& call) {
  const json& effect = call.effect;
  if (effect.contains("throttle")) return throttled(effect);
  if (call.has_effect("locked_key")) {
    return Refusal(401, "APIGW.0301",
                   "Incorrect IAM authentication information: AK access failed to reach the "
                   "limit,forbidden");
  }
  if (call.has_effect("expired_token")) {
    if (call.request.header("X-Auth-Token") != nullptr) return Refusal("APIGW.0307");
    if (call.operation.service == Service::pca) return Refusal("PCA.00010001");
    return Refusal("SCM.1000");
  }
  const int status = effect.value("status", 0);
  if (effect.contains("code") || status >= 400) return forced(effect);
  return std::nullopt;
}

void set_ending(const Call& call, Reply& reply) {
  using Ending = Delivery::Ending;
  if (call.has_effect("hang")) reply.delivery.ending = Ending::hang;
  if (call.has_effect("reset")) reply.delivery.ending = Ending::reset;
  if (call.has_effect("close")) reply.delivery.ending = Ending::close;
  if (call.has_effect("half_body")) reply.delivery.ending = Ending::half_body;
  reply.delivery.delay_ms = call.effect.value("delay_ms", 0);
  reply.delivery.trickle_ms = call.effect.value("trickle_ms", 0);
}

// Endings after which the client learns nothing need no work done, unless asked for.
bool answer_is_invented(const Call& call) {
  for (const char* name : {"hang", "reset", "close", "garbage", "empty", "body"}) {
    if (call.has_effect(name)) return true;
  }
  return false;
}

Reply error_reply(const Refusal& refusal, const Call& call) {
  Reply reply;
  if (call.operation.service == Service::iam && !refusal.code.starts_with("APIGW")) {
    reply = json_reply(
        refusal.status,
        {{"error",
          {{"code", refusal.status}, {"message", refusal.message}, {"title", "Injected"}}}});
  } else if (refusal.code.empty()) {
    reply = empty_reply(refusal.status);
    reply.body = refusal.message;
    reply.headers = {{"Content-Type", "text/plain"}};
  } else if (call.operation.service == Service::dns && !refusal.code.starts_with("APIGW")) {
    reply = json_reply(refusal.status, {{"code", refusal.code}, {"message", refusal.message}});
  } else {
    reply =
        json_reply(refusal.status, {{"error_code", refusal.code}, {"error_msg", refusal.message}});
  }
  if (call.effect.contains("throttle")) {
    reply.headers.emplace_back("Retry-After", std::to_string(call.effect["throttle"].get<int>()));
  }
  reply.log = LogEntry{};
  reply.log->code = refusal.code;
  return reply;
}

void replace_body(const Call& call, Reply& reply) {
  if (call.has_effect("garbage")) {
    reply.body = "<html><body>\x01\x02 this is not what you asked for </body>";
  }
  if (call.has_effect("empty")) reply.body.clear();
  if (call.effect.contains("body")) reply.body = call.effect["body"].get<std::string>();
  if (call.effect.contains("status")) reply.status = call.effect["status"].get<int>();
}

}  // namespace

Reply apply_fault(Call& call, const std::function<Reply()>& work) {
  const bool executed = call.effect.value("executed", false);
  const auto refusal = refusal_of(call);
  Reply reply;
  if (executed || (!refusal && !answer_is_invented(call))) reply = work();
  if (refusal) {
    reply = error_reply(*refusal, call);
  } else if (answer_is_invented(call)) {
    if (!executed) reply = json_reply(200, json::object());
    replace_body(call, reply);
  } else if (call.effect.contains("status")) {
    reply.status = call.effect["status"].get<int>();
  }
  const json headers = call.effect.value("headers", json::object());
  for (const auto& [name, value] : headers.items()) {
    reply.headers.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  set_ending(call, reply);
  return reply;
}

}  // namespace emulator
