// SPDX-License-Identifier: Apache-2.0
#include "ca/order_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "world.h"

namespace emulator {
namespace {

constexpr const char* kPlan = "scm_order_plan";
constexpr const char* kStandardPlan = "standard_order_plan";

// Every field with an example of its type.
const json& plan_fields() {
  static const json kFields = {{"records_after_ms", 0},
                               {"state", ""},
                               {"record_type", ""},
                               {"record_name", ""},
                               {"file_name", ""},
                               {"wrong_value", true},
                               {"changes", 0},
                               {"duplicate_records", true},
                               {"refuse", ""},
                               {"refuse_after_ms", 0},
                               {"cancel_after_ms", 0},
                               {"issue_after_ms", 0},
                               {"organization_after_ms", 0}};
  return kFields;
}

struct PlanChoice {
  const char* name;
  std::vector<std::string> values;
};

const std::vector<PlanChoice>& plan_choices() {
  static const std::vector<PlanChoice> kChoices = {
      {"state", {"CHECKING", "CHECKING_DOMAIN"}},
      {"record_type", {"TXT", "CNAME"}},
      {"record_name", {"file", "none", "domain"}},
  };
  return kChoices;
}

std::string check_plan_choice(const std::string& name, const json& value) {
  for (const PlanChoice& choice : plan_choices()) {
    if (name != choice.name) continue;
    if (std::find(choice.values.begin(), choice.values.end(), value.get<std::string>()) ==
        choice.values.end()) {
      return fmt::format("\"{}\" of an order is one of: {}", name, fmt::join(choice.values, ", "));
    }
  }
  return "";
}

}  // namespace

std::string check_plan(const json& plan) {
  if (!plan.is_object()) return "how an order goes is a JSON object of names and values";
  for (const auto& [name, value] : plan.items()) {
    if (!plan_fields().contains(name)) return fmt::format("an order has no field \"{}\"", name);
    const json& example = plan_fields()[name];
    if (example.is_number() ? !value.is_number_integer() : example.type() != value.type()) {
      return fmt::format("\"{}\" of an order is a {}", name, example.type_name());
    }
    if (std::string problem = check_plan_choice(name, value); !problem.empty()) return problem;
  }
  const std::string file = plan.value("file_name", "file");
  if (file.empty() || file.find('/') != std::string::npos) {
    return "\"file_name\" of an order is the name of a file, without a folder";
  }
  return "";
}

void set_standard_plan(World& world, const json& plan) {
  world.store.put("setting", kStandardPlan, plan);
}

void set_certificate_plan(World& world, const std::string& certificate_id, const json& plan) {
  world.store.put(kPlan, certificate_id, plan);
}

json plan_for(const World& world, const std::string& certificate_id) {
  if (const json* plan = world.store.find(kPlan, certificate_id)) return *plan;
  const json* standard = world.store.find("setting", kStandardPlan);
  return standard == nullptr || standard->is_null() ? json::object() : *standard;
}

}  // namespace emulator
