// SPDX-License-Identifier: Apache-2.0
#include "service/catalogue.h"

#include <iterator>

#include "service/error_codes.h"

namespace emulator {
namespace {

const char* type_name(Parameter::Type type) {
  switch (type) {
    case Parameter::Type::text:
      return "text";
    case Parameter::Type::number:
      return "number";
    case Parameter::Type::flag:
      return "flag";
    case Parameter::Type::list:
      return "list";
    case Parameter::Type::object:
      return "object";
  }
  return "";
}

// Bounds that are none are left out.
void enter_bounds(json& view, const std::string& prefix, std::int64_t least, std::int64_t most) {
  if (most == INT64_MAX && least == 0) return;
  view[prefix + "minimum"] = least;
  if (most != INT64_MAX) view[prefix + "maximum"] = most;
}

json catalogue_view(const Parameter& parameter) {
  json view = {{"in", parameter.place == Parameter::Place::query ? "query" : "body"},
               {"name", parameter.name},
               {"type", type_name(parameter.type)},
               {"required", parameter.required}};
  enter_bounds(view, "", parameter.minimum, parameter.maximum);
  enter_bounds(view, "element_", parameter.element_minimum, parameter.element_maximum);
  if (!parameter.values.empty()) view["values"] = parameter.values;
  if (parameter.ignore_case) view["ignore_case"] = true;
  if (!parameter.code.empty()) view["code"] = parameter.code;
  for (const Parameter& field : parameter.fields) view["fields"].push_back(catalogue_view(field));
  return view;
}

json catalogue_view(const Operation& operation) {
  json view = {{"service", name_of(operation.service)},
               {"id", operation.id},
               {"method", operation.method},
               {"path", operation.path},
               {"parameters", json::array()}};
  for (const Parameter& parameter : operation.parameters) {
    view["parameters"].push_back(catalogue_view(parameter));
  }
  return view;
}

}  // namespace

Operations all_operations() {
  Operations all;
  // Where two paths fit a request equally well the earlier one wins, so CSRs come before tags.
  for (auto table :
       {iam_federation_operations, iam_operations, scm_operations, scm_csr_operations,
        scm_deployment_operations, scm_tag_operations, scm_history_operations,
        scm_history_application_operations, pca_operations, pca_life_operations,
        pca_setting_operations, pca_tag_operations, apig_operations, apig_binding_operations,
        dns_operations, metadata_operations, pki_operations, admin_operations}) {
    Operations more = table();
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  }
  return all;
}

json describe_operations() {
  json operations = json::array();
  for (const Operation& operation : all_operations()) {
    if (operation.service != Service::admin) operations.push_back(catalogue_view(operation));
  }
  json errors = json::array();
  for (const ErrorCode& code : error_codes()) {
    errors.push_back({{"code", code.code}, {"status", code.status}, {"message", code.message}});
  }
  return {{"operations", operations}, {"errors", errors}};
}

}  // namespace emulator
