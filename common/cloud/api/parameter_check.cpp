// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/parameter_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>
#include <vector>

#include "base/text.h"

namespace ccm::cloud {
namespace {

constexpr std::size_t kQuoted = 60;  // bytes of a value that a sentence repeats

std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

std::string range(const Limits& limits, std::string_view unit) {
  const bool has_low = limits.low != kNoLimit && limits.low != 0;
  if (limits.high == kNoLimit) {
    return has_low ? fmt::format("at least {}{}", limits.low, unit) : std::string();
  }
  if (limits.low == limits.high) return fmt::format("exactly {}{}", limits.high, unit);
  if (limits.low == kNoLimit) return fmt::format("at most {}{}", limits.high, unit);
  return fmt::format("{} to {}{}", limits.low, limits.high, unit);
}

bool is_within(const Limits& limits, std::int64_t value) {
  return (limits.low == kNoLimit || value >= limits.low) &&
         (limits.high == kNoLimit || value <= limits.high);
}

std::string choices_text(const Parameter& parameter) {
  std::vector<std::string> all;
  for (const auto choice : split(parameter.choices, '|')) all.emplace_back(choice);
  return all.size() == 1 ? all.front() : "one of " + join(all, ", ");
}

Failure refuse(const Operation& operation, const Parameter& parameter, std::string_view given,
               std::string_view allowed) {
  std::string what = "is not acceptable";
  if (!parameter.is_secret) {
    const bool is_long = given.size() > kQuoted;
    what = fmt::format("is \"{}{}\"", printable(cut(given, kQuoted)), is_long ? "…" : "");
  }
  return fail(ErrorKind::invalid, fmt::format("{}: {} {}, but must be {}", operation.id,
                                              parameter.name, what, allowed));
}

Failure refuse_count(const Operation& operation, const Parameter& parameter, std::int64_t given,
                     std::string_view unit, const Limits& allowed) {
  return fail(ErrorKind::invalid,
              fmt::format("{}: {} has {}{}, but {} allowed", operation.id, parameter.name, given,
                          unit, range(allowed, allowed.high == 1 ? " is" : " are")));
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool matches(std::string_view text, std::string_view pattern) {
  // Lengths are checked before, because std::regex recurses over the text.
  return std::regex_match(text.begin(), text.end(), std::regex(std::string(pattern)));
}

Result<std::string> check_number(const Operation& operation, const Parameter& parameter,
                                 std::string_view value) {
  const auto number = parse_number(value);
  if (!number || !is_within(parameter.limits, *number)) {
    return refuse(operation, parameter, value, allowed_values(parameter));
  }
  return std::string(value);
}

Result<std::string> check_text(const Operation& operation, const Parameter& parameter,
                               std::string_view value) {
  const std::int64_t length = characters(value);
  if (!is_within(parameter.limits, length)) {
    return refuse_count(operation, parameter, length, length == 1 ? " character" : " characters",
                        parameter.limits);
  }
  if (!parameter.pattern.empty() && !matches(value, parameter.pattern)) {
    return refuse(operation, parameter, value, fmt::format("of the form {}", parameter.pattern));
  }
  return std::string(value);
}

// The rows of the fields directly below a prefix such as "validity." or "tags[].".
std::vector<const Parameter*> fields_below(const Operation& operation, std::string_view prefix) {
  std::vector<const Parameter*> fields;
  for (const Parameter& parameter : operation.parameters()) {
    if (parameter.place != Place::body || !parameter.name.starts_with(prefix)) continue;
    const auto rest = parameter.name.substr(prefix.size());
    if (rest.find('.') == std::string_view::npos) fields.push_back(&parameter);
  }
  return fields;
}

class BodyCheck {
 public:
  explicit BodyCheck(const Operation& operation) : operation_(operation) {}

  Result<void> fields(const JsonView& object, const std::string& prefix) {
    const auto known = fields_below(operation_, prefix);
    // Nothing is documented about the fields of this object.
    if (known.empty()) return {};
    for (const auto& [key, value] : object.entries()) {
      const Parameter* parameter = operation_.find(prefix + key);
      if (parameter == nullptr || parameter->place != Place::body) {
        return unknown_parameter(operation_, prefix + key);
      }
      if (!value.exists()) continue;
      if (auto checked = field(value, *parameter); !checked) return checked;
    }
    for (const Parameter* parameter : known) {
      if (parameter->is_mandatory && !object[parameter->name.substr(prefix.size())].exists()) {
        return missing_parameter(operation_, *parameter);
      }
    }
    return {};
  }

 private:
  Result<void> field(const JsonView& value, const Parameter& parameter) {
    switch (parameter.type) {
      case Type::text:
      case Type::digits:
        return scalar(value, parameter, JsonKind::text, "a text");
      case Type::integer:
        return scalar(value, parameter, JsonKind::integer, "a whole number without quotes");
      case Type::flag:
        return scalar(value, parameter, JsonKind::flag, "true or false without quotes");
      case Type::map:
        return of_kind(value, parameter, JsonKind::object, "an object");
      case Type::object: {
        auto checked = of_kind(value, parameter, JsonKind::object, "an object");
        if (checked) checked = fields(value, std::string(parameter.name) + ".");
        return checked;
      }
      case Type::texts:
      case Type::objects:
        return list(value, parameter);
    }
    return {};
  }

  Result<void> of_kind(const JsonView& value, const Parameter& parameter, JsonKind kind,
                       std::string_view form) {
    if (value.kind() == kind) return {};
    return refuse(operation_, parameter, value.pretty().reveal(), form);
  }

  Result<void> scalar(const JsonView& value, const Parameter& parameter, JsonKind kind,
                      std::string_view form) {
    if (auto right = of_kind(value, parameter, kind, form); !right) return right;
    const Secret text = kind == JsonKind::text ? value.secret() : Secret::copy_of(value.text());
    auto checked = check_value(operation_, parameter, text.reveal());
    if (!checked) return pass(std::move(checked));
    if (kind == JsonKind::text && *checked != text.reveal())
      JsonBody::replace_text(value, *checked);
    wipe(*checked);
    return {};
  }

  Result<void> list(const JsonView& value, const Parameter& parameter) {
    if (auto right = of_kind(value, parameter, JsonKind::array, "a list"); !right) return right;
    const auto elements = value.elements();
    const auto count = static_cast<std::int64_t>(elements.size());
    if (!is_within(parameter.count, count)) {
      return refuse_count(operation_, parameter, count, count == 1 ? " element" : " elements",
                          parameter.count);
    }
    for (const JsonView& element : elements) {
      auto checked = parameter.type == Type::texts
                         ? scalar(element, parameter, JsonKind::text, "a list of texts")
                         : fields(element, std::string(parameter.name) + "[].");
      if (!checked) return checked;
    }
    return {};
  }

  const Operation& operation_;
};

}  // namespace

std::string allowed_values(const Parameter& parameter) {
  if (!parameter.choices.empty()) return choices_text(parameter);
  if (parameter.type == Type::flag) return "true or false";
  if (parameter.type == Type::integer || parameter.type == Type::digits) {
    const std::string limits = range(parameter.limits, "");
    if (limits.empty()) return "a whole number";
    const bool is_span = parameter.limits.low != kNoLimit && parameter.limits.high != kNoLimit;
    return fmt::format("a whole number{}{}", is_span ? " from " : ", ", limits);
  }
  if (!parameter.pattern.empty()) return fmt::format("of the form {}", parameter.pattern);
  return range(parameter.limits, " characters");
}

Failure missing_parameter(const Operation& operation, const Parameter& parameter) {
  const std::string allowed = allowed_values(parameter);
  std::string about(parameter.description);
  if (!allowed.empty()) about += fmt::format("{}{}", about.empty() ? "" : "; ", allowed);
  return fail(ErrorKind::invalid,
              fmt::format("{}: {} is missing and mandatory{}", operation.id, parameter.name,
                          about.empty() ? "" : fmt::format(" ({})", about)));
}

Failure unknown_parameter(const Operation& operation, std::string_view name) {
  std::vector<std::string> names;
  for (const Parameter& parameter : operation.parameters()) names.emplace_back(parameter.name);
  return fail(ErrorKind::invalid,
              fmt::format("{}: there is no parameter \"{}\"; it takes {}", operation.id,
                          printable(name), names.empty() ? "none" : join(names, ", ")));
}

Result<std::string> check_value(const Operation& operation, const Parameter& parameter,
                                std::string_view value) {
  if (!parameter.choices.empty()) {
    for (const auto choice : split(parameter.choices, '|')) {
      if (equals_ignoring_case(choice, value)) return std::string(choice);
    }
    return refuse(operation, parameter, value, allowed_values(parameter));
  }
  switch (parameter.type) {
    case Type::integer:
    case Type::digits:
      return check_number(operation, parameter, value);
    case Type::flag:
      if (value == "true" || value == "false") return std::string(value);
      return refuse(operation, parameter, value, allowed_values(parameter));
    default:
      return check_text(operation, parameter, value);
  }
}

Result<void> check_body(const Operation& operation, JsonBody& body) {
  const JsonView root = body.root();
  if (operation.body != Body::array) {
    if (root.is_object()) return BodyCheck(operation).fields(root, "");
    return fail(ErrorKind::invalid, fmt::format("{}: the body must be an object", operation.id));
  }
  if (!root.is_array()) {
    return fail(ErrorKind::invalid, fmt::format("{}: the body must be a list", operation.id));
  }
  for (const JsonView& element : root.elements()) {
    if (auto checked = BodyCheck(operation).fields(element, "[]."); !checked) return checked;
  }
  return {};
}

}  // namespace ccm::cloud
