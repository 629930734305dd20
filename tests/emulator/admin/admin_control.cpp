// SPDX-License-Identifier: Apache-2.0
// Admin side: overview, faults, request log, time and options.
#include "admin/admin_handlers.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator::admin {

Reply show_info(Call& call) {
  return json_reply(200, call.world.ready);
}

Reply list_faults(Call& call) {
  return json_reply(200, {{"faults", call.world.faults.list()}});
}

Reply add_fault(Call& call) {
  std::string problem;
  const json fault = call.world.faults.add(call.body, problem);
  if (!problem.empty()) refuse(problem);
  return json_reply(201, fault);
}

Reply remove_fault(Call& call) {
  if (!call.world.faults.remove(call.path.at("id"))) refuse("there is no such fault", 404);
  return empty_reply(204);
}

Reply clear_faults(Call& call) {
  call.world.faults.clear();
  return empty_reply(204);
}

Reply show_requests(Call& call) {
  return json_reply(200, call.world.log.requests(call.number("since", 0)));
}

Reply show_counters(Call& call) {
  return json_reply(200, call.world.log.counters());
}

Reply clear_log(Call& call) {
  call.world.log.clear();
  return empty_reply(204);
}

Reply show_time(Call& call) {
  const EmulatorClock& clock = call.world.clock;
  return json_reply(200, {{"now", iso_time(clock.now_ms())},
                          {"now_ms", clock.now_ms()},
                          {"shift_seconds", clock.shift_ms() / 1000}});
}

Reply set_time(Call& call) {
  EmulatorClock& clock = call.world.clock;
  if (const auto wanted = call.text("set")) {
    const auto time = parse_sdk_date(*wanted);
    if (!time) refuse("\"set\" takes a time as 20260510T184200Z");
    clock.set_shift(*time - machine_ms());
  } else if (call.body.is_object() && call.body.contains("shift_seconds") &&
             call.body["shift_seconds"].is_number_integer()) {
    clock.set_shift(call.body["shift_seconds"].get<std::int64_t>() * 1000);
  } else {
    refuse("time takes {\"shift_seconds\": n} or {\"set\": \"20260510T184200Z\"}");
  }
  return show_time(call);
}

Reply reset_time(Call& call) {
  call.world.clock.set_shift(0);
  return show_time(call);
}

// Judges a request that is described instead of sent: a help for people who write signers.
Reply verify_request(Call& call) {
  Request described;
  described.method = call.text("method").value_or("");
  described.target = call.text("target").value_or("");
  described.body = call.text("body").value_or("");
  for (const json& header : call.body.value("headers", json::array())) {
    described.headers.emplace_back(header.at(0).get<std::string>(),
                                   header.at(1).get<std::string>());
  }
  try {
    const Caller caller = call.world.authentication.check(described);
    return json_reply(200, {{"accepted", true}, {"domain_id", caller.domain_id}});
  } catch (const Refusal& refusal) {
    return json_reply(200, {{"accepted", false},
                            {"status", refusal.status},
                            {"code", refusal.code},
                            {"message", refusal.message}});
  }
}

Reply show_options(Call& call) {
  return json_reply(200, call.world.options.all());
}

Reply change_options(Call& call) {
  const std::string problem = call.world.options.change(call.body);
  if (!problem.empty()) refuse(problem);
  return show_options(call);
}

Reply reset_options(Call& call) {
  call.world.options.reset();
  return show_options(call);
}

}  // namespace emulator::admin
