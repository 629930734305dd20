// SPDX-License-Identifier: Apache-2.0
#include "service/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "service/refusal.h"
#include "text.h"

namespace emulator {
namespace {

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A parameter as it arrived: query values are texts, body values keep their JSON type.
std::optional<json> member(const json& object, const std::string& name) {
  if (!object.is_object() || !object.contains(name) || object[name].is_null()) return std::nullopt;
  return object[name];
}

std::optional<json> received(const Call& call, Parameter::Place place, const std::string& name) {
  if (place == Parameter::Place::body) return member(call.body, name);
  for (const auto& [key, value] : call.query) {
    if (key == name) return json(value);
  }
  return std::nullopt;
}

[[noreturn]] void refuse_parameter(const Call& call, const Parameter& parameter,
                                   const std::string& rule) {
  const Service service = call.operation.service;
  const std::string detail = fmt::format("{} {}", parameter.name, rule);
  if (!parameter.code.empty()) throw Refusal(parameter.code, detail);
  if (service == Service::scm) throw Refusal("SCM.0005", detail);
  if (service == Service::pca) throw Refusal("PCA.00020001", detail);
  if (service == Service::apig) throw Refusal(400, "APIG.3325", detail);
  throw Refusal(400, "400", detail);
}

void check_members(const Call& call, const Parameter& parameter, const json& value);

void check_text(const Call& call, const Parameter& parameter, const json& value) {
  if (!value.is_string()) refuse_parameter(call, parameter, "must be a string.");
  const auto text = value.get<std::string>();
  const std::int64_t length = count_characters(text);
  if (length < parameter.minimum || length > parameter.maximum) {
    refuse_parameter(
        call, parameter,
        fmt::format("must have {} to {} characters.", parameter.minimum, parameter.maximum));
  }
  if (parameter.values.empty() || text.empty()) return;
  const bool known = std::any_of(
      parameter.values.begin(), parameter.values.end(), [&](const std::string& allowed) {
        return parameter.ignore_case ? upper(allowed) == upper(text) : allowed == text;
      });
  if (!known) {
    refuse_parameter(call, parameter,
                     fmt::format("must be one of {}.", join(parameter.values, ", ")));
  }
}

void check_number(const Call& call, const Parameter& parameter, const json& value) {
  std::optional<std::int64_t> number;
  if (value.is_number_integer()) number = value.get<std::int64_t>();
  if (value.is_string()) number = whole_number(value.get<std::string>());
  if (!number) refuse_parameter(call, parameter, "must be a whole number.");
  if (*number < parameter.minimum || *number > parameter.maximum) {
    refuse_parameter(
        call, parameter,
        fmt::format("must be within {} and {}.", parameter.minimum, parameter.maximum));
  }
  if (parameter.values.empty()) return;
  const std::string text = std::to_string(*number);
  if (std::find(parameter.values.begin(), parameter.values.end(), text) == parameter.values.end()) {
    refuse_parameter(call, parameter,
                     fmt::format("must be one of {}.", join(parameter.values, ", ")));
  }
}

void check_list(const Call& call, const Parameter& parameter, const json& value) {
  if (!value.is_array()) refuse_parameter(call, parameter, "must be a list.");
  const auto length = static_cast<std::int64_t>(value.size());
  if (length < parameter.minimum || length > parameter.maximum) {
    refuse_parameter(
        call, parameter,
        fmt::format("must have {} to {} elements.", parameter.minimum, parameter.maximum));
  }
  Parameter inner = parameter;
  inner.minimum = parameter.element_minimum;
  inner.maximum = parameter.element_maximum;
  const bool texts = !parameter.values.empty() || parameter.element_maximum != INT64_MAX;
  for (const json& element : value) {
    if (texts) check_text(call, inner, element);
    if (parameter.fields.empty()) continue;
    if (!element.is_object()) refuse_parameter(call, parameter, "must be a list of objects.");
    check_members(call, parameter, element);
  }
}

void check_value(const Call& call, const Parameter& parameter, const json& value) {
  switch (parameter.type) {
    case Parameter::Type::text:
      return check_text(call, parameter, value);
    case Parameter::Type::number:
      return check_number(call, parameter, value);
    case Parameter::Type::list:
      return check_list(call, parameter, value);
    case Parameter::Type::flag: {
      const bool known = value.is_boolean() || value == "true" || value == "false";
      if (!known) refuse_parameter(call, parameter, "must be true or false.");
      return;
    }
    case Parameter::Type::object:
      if (!value.is_object()) refuse_parameter(call, parameter, "must be an object.");
      return check_members(call, parameter, value);
  }
}

void check_one(const Call& call, const Parameter& expected, const std::optional<json>& value) {
  if (value) {
    check_value(call, expected, *value);
  } else if (expected.required) {
    refuse_parameter(call, expected, "is missing.");
  }
}

void check_members(const Call& call, const Parameter& parameter, const json& value) {
  for (Parameter field : parameter.fields) {
    const auto given = member(value, field.name);
    if (field.code.empty()) field.code = parameter.code;
    field.name = fmt::format("{}.{}", parameter.name, field.name);
    check_one(call, field, given);
  }
}

std::optional<json> anywhere(const Call& call, const std::string& name) {
  auto value = received(call, Parameter::Place::body, name);
  return value ? value : received(call, Parameter::Place::query, name);
}

Parameter parameter(Parameter::Place place, Parameter::Type type, std::string name) {
  return {.place = place, .type = type, .name = std::move(name), .code = ""};
}

}  // namespace

const char* name_of(Service service) {
  switch (service) {
    case Service::iam:
      return "iam";
    case Service::sts:
      return "sts";
    case Service::scm:
      return "scm";
    case Service::pca:
      return "pca";
    case Service::apig:
      return "apig";
    case Service::dns:
      return "dns";
    case Service::metadata:
      return "metadata";
    case Service::admin:
      return "admin";
    case Service::pki:
      return "pki";
  }
  return "";
}

std::optional<std::string> Call::text(const std::string& name) const {
  const auto value = anywhere(*this, name);
  if (!value || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::int64_t Call::number(const std::string& name, std::int64_t standard) const {
  const auto value = anywhere(*this, name);
  if (!value) return standard;
  if (value->is_string()) return whole_number(value->get<std::string>()).value_or(standard);
  return value->is_number_integer() ? value->get<std::int64_t>() : standard;
}

bool Call::flag(const std::string& name, bool standard) const {
  const auto value = anywhere(*this, name);
  if (!value) return standard;
  return *value == true || *value == "true";
}

bool Call::has_effect(const char* name) const {
  return effect.contains(name) && effect[name] != false && !effect[name].is_null();
}

Parameter Parameter::must() && {
  required = true;
  return std::move(*this);
}

Parameter Parameter::within(std::int64_t least, std::int64_t most) && {
  minimum = least;
  maximum = most;
  return std::move(*this);
}

Parameter Parameter::each(std::int64_t least, std::int64_t most) && {
  element_minimum = least;
  element_maximum = most;
  return std::move(*this);
}

Parameter Parameter::of(std::vector<Parameter> members) && {
  fields = std::move(members);
  return std::move(*this);
}

Parameter Parameter::one_of(std::vector<std::string> allowed) && {
  values = std::move(allowed);
  return std::move(*this);
}

Parameter Parameter::any_case() && {
  ignore_case = true;
  return std::move(*this);
}

Parameter Parameter::refused_as(std::string error_code) && {
  code = std::move(error_code);
  return std::move(*this);
}

Parameter query_text(std::string name) {
  return parameter(Parameter::Place::query, Parameter::Type::text, std::move(name));
}
Parameter query_number(std::string name) {
  return parameter(Parameter::Place::query, Parameter::Type::number, std::move(name));
}
Parameter query_flag(std::string name) {
  return parameter(Parameter::Place::query, Parameter::Type::flag, std::move(name));
}
Parameter body_text(std::string name) {
  return parameter(Parameter::Place::body, Parameter::Type::text, std::move(name));
}
Parameter body_number(std::string name) {
  return parameter(Parameter::Place::body, Parameter::Type::number, std::move(name));
}
Parameter body_flag(std::string name) {
  return parameter(Parameter::Place::body, Parameter::Type::flag, std::move(name));
}
Parameter body_list(std::string name) {
  return parameter(Parameter::Place::body, Parameter::Type::list, std::move(name));
}
Parameter body_object(std::string name) {
  return parameter(Parameter::Place::body, Parameter::Type::object, std::move(name));
}

void check_parameters(const Call& call) {
  const Operation& operation = call.operation;
  if (operation.list_body) {
    // A list without a name of its own; its sentences speak of "body".
    Parameter whole = body_list("body").within(1, INT64_MAX).of(operation.parameters);
    check_list(call, whole, call.body);
    return;
  }
  for (const Parameter& expected : operation.parameters) {
    check_one(call, expected, received(call, expected.place, expected.name));
  }
}

std::string to_text(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

Reply json_reply(int status, const json& body) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/json;charset=UTF-8"}};
  reply.body = to_text(body);
  return reply;
}

Reply empty_reply(int status) {
  Reply reply;
  reply.status = status;
  return reply;
}

}  // namespace emulator
