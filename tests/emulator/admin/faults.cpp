// SPDX-License-Identifier: Apache-2.0
#include "admin/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace emulator {
namespace {

const std::set<std::string>& match_names() {
  static const std::set<std::string> kNames = {"service", "operation", "id", "domain_id",
                                               "access_key"};
  return kNames;
}

// Every key an effect may have, with an example of its type; bool means true switches it on.
const json& effect_types() {
  static const json kTypes = {{"status", 0},
                              {"code", ""},
                              {"message", ""},
                              {"headers", json::object()},
                              {"body", ""},
                              {"executed", true},
                              {"delay_ms", 0},
                              {"trickle_ms", 0},
                              {"hang", true},
                              {"reset", true},
                              {"close", true},
                              {"half_body", true},
                              {"garbage", true},
                              {"empty", true},
                              {"throttle", 0},
                              {"locked_key", true},
                              {"expired_token", true},
                              {"wrong_key", true},
                              {"expired", true},
                              {"not_yet_valid", true},
                              {"wrong_names", nullptr},
                              {"broken_chain", nullptr},
                              {"weak", nullptr},
                              {"client_auth_only", true},
                              {"no_key", true},
                              {"glued", true},
                              {"crlf", true},
                              {"flat", true},
                              {"reversed_chain", true},
                              {"root_attached", true},
                              {"shorter", true}};
  return kTypes;
}

bool is_of_type(const json& example, const json& value) {
  if (example.is_null()) return true;
  if (example.is_number()) return value.is_number_integer();
  return example.type() == value.type();
}

std::string check_fault(const json& fault) {
  if (!fault.is_object() || !fault.contains("effect") || !fault["effect"].is_object()) {
    return "a fault is {\"match\": {...}, \"times\": n, \"effect\": {...}}";
  }
  for (const auto& [name, value] : fault.items()) {
    if (name != "match" && name != "times" && name != "effect") {
      return fmt::format("a fault has match, times and effect, not \"{}\"", name);
    }
  }
  const json match = fault.value("match", json::object());
  if (!match.is_object()) return "\"match\" is an object";
  for (const auto& [name, value] : match.items()) {
    if (match_names().count(name) == 0 || !value.is_string()) {
      return fmt::format(
          "\"match\" takes the texts service, operation, id, domain_id and "
          "access_key, not \"{}\"",
          name);
    }
  }
  for (const auto& [name, value] : fault["effect"].items()) {
    if (!effect_types().contains(name)) return fmt::format("there is no effect \"{}\"", name);
    if (!is_of_type(effect_types()[name], value)) {
      return fmt::format("effect \"{}\" takes a {}", name, effect_types()[name].type_name());
    }
  }
  const json times = fault.value("times", json());
  if (!times.is_null() && !(times.is_number_integer() && times.get<std::int64_t>() > 0)) {
    return "\"times\" is a positive number; leave it out for no limit";
  }
  return "";
}

bool matches_text(const json& match, const char* name, const std::string& actual) {
  if (!match.contains(name)) return true;
  const auto wanted = match[name].get<std::string>();
  return wanted == "*" || wanted == actual;
}

bool matches_subject(const json& match, const FaultSubject& subject) {
  const std::string id = match.value("id", "*");
  const bool resource = id == "*" || std::find(subject.resources.begin(), subject.resources.end(),
                                               id) != subject.resources.end();
  return resource && matches_text(match, "service", subject.service) &&
         matches_text(match, "operation", subject.operation) &&
         matches_text(match, "domain_id", subject.domain_id) &&
         matches_text(match, "access_key", subject.access_key);
}

}  // namespace

json Faults::add(const json& fault, std::string& problem) {
  problem = check_fault(fault);
  if (!problem.empty()) return nullptr;
  const json* last = store_.find("setting", "fault_number");
  const int number = (last == nullptr ? 0 : last->get<int>()) + 1;
  store_.put("setting", "fault_number", number);
  // Fixed width, so that the store's order is the order of arming.
  const std::string id = fmt::format("fault-{:06}", number);
  json kept = {{"id", id},
               {"match", fault.value("match", json::object())},
               {"times", fault.value("times", json())},
               {"taken", 0},
               {"effect", fault["effect"]}};
  store_.put("fault", id, kept);
  return kept;
}

json Faults::list() const {
  json result = json::array();
  for (const auto& [id, fault] : store_.all("fault")) result.push_back(fault);
  return result;
}

bool Faults::remove(const std::string& id) {
  return store_.remove("fault", id);
}

void Faults::clear() {
  while (!store_.all("fault").empty()) store_.remove("fault", store_.all("fault").begin()->first);
}

std::optional<ArmedFault> Faults::take(const FaultSubject& subject) {
  for (const auto& [id, fault] : store_.all("fault")) {
    if (!matches_subject(fault["match"], subject)) continue;
    ArmedFault armed{id, fault["effect"]};
    json counted = fault;
    counted["taken"] = fault["taken"].get<int>() + 1;
    const bool spent = !fault["times"].is_null() && counted["taken"] >= fault["times"];
    if (spent) {
      store_.remove("fault", armed.id);
    } else {
      store_.put("fault", armed.id, counted);
    }
    return armed;
  }
  return std::nullopt;
}

}  // namespace emulator
