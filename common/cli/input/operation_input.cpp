// SPDX-License-Identifier: Apache-2.0
#include "cli/input/operation_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cli/input/completion.h"
#include "cli/input/secret_input.h"
#include "cli/input/value_checks.h"
#include "cloud/api/paging.h"
#include "cloud/api/parameter_check.h"

namespace ccm::cli {
namespace {

using cloud::Operation;
using cloud::Parameter;
using cloud::Type;

std::string dashed(std::string_view text) {
  std::string out = to_lower(text);
  for (char& c : out) {
    if (c == '_' || c == '.') c = '-';
  }
  return out;
}

void add_limit(CLI::App& command, const Parameter& parameter, OperationInput& given) {
  command
      .add_option_function<std::size_t>(
          option_of(parameter), [&most = given.at_most](std::size_t count) { most = count; },
          "print at most this many (default: all)")
      ->check(number({}));
}

void add_parameter(CLI::App& command, const Parameter& parameter, OperationInput& given) {
  std::string about(parameter.description);
  if (const std::string allowed = cloud::allowed_values(parameter); !allowed.empty()) {
    about += fmt::format("{}{}", about.empty() ? "" : "; ", allowed);
  }
  const bool is_needed =
      parameter.is_mandatory && parameter.name.find('.') == std::string_view::npos;
  CLI::Option* option = nullptr;
  if (parameter.place == cloud::Place::path && parameter.name != "project_id") {
    std::string name = dashed(parameter.name);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(std::toupper(c)); });
    option = command.add_option(name, given.values[&parameter], about)->expected(1);
  } else if (is_from_file(parameter)) {
    option = command
                 .add_option(option_of(parameter), given.files[&parameter],
                             fmt::format("file with the {}; - for standard input",
                                         parameter.is_secret ? "secret" : "PEM text"))
                 ->type_name(kFile);
  } else if (parameter.type == Type::objects) {
    option = command
                 .add_option(option_of(parameter), given.elements[&parameter],
                             about + (about.empty() ? "" : "; ") + "KEY=VALUE,KEY=VALUE")
                 ->allow_extra_args(false);
  } else if (parameter.type == Type::flag) {
    option = command.add_flag_function(
        option_of(parameter),
        [&values = given.values[&parameter]](std::int64_t count) {
          values = {count > 0 ? "true" : "false"};
        },
        std::string(parameter.description));
  } else {
    option = command.add_option(option_of(parameter), given.values[&parameter], about);
    if (!parameter.choices.empty()) option->type_name(std::string(parameter.choices));
    if (parameter.type == Type::texts) option->allow_extra_args(false);
    if (parameter.type != Type::texts) option->expected(1);
  }
  if (is_needed && parameter.name != "project_id") option->required();
}

// Fields of lists come with their element; objects without documented fields only in a body file.
bool has_option(const Parameter& parameter) {
  return parameter.type != Type::object && parameter.type != Type::map &&
         (parameter.name.find("[].") == std::string_view::npos || parameter.name.starts_with("[]"));
}

Result<void> add_elements(const Parameter& parameter, const std::vector<std::string>& elements,
                          cloud::Arguments& arguments) {
  for (std::size_t i = 0; i < elements.size(); ++i) {
    for (const auto field : split(elements[i], ',')) {
      const auto equals = field.find('=');
      if (equals == std::string_view::npos) {
        return fail(ErrorKind::invalid, fmt::format("{} {}: write KEY=VALUE,KEY=VALUE",
                                                    option_of(parameter), printable(elements[i])));
      }
      arguments.with(fmt::format("{}[{}].{}", parameter.name, i, field.substr(0, equals)),
                     field.substr(equals + 1));
    }
  }
  return {};
}

// The body of a list operation is built as its first element.
std::string name_in_body(const Parameter& parameter) {
  std::string name(parameter.name);
  if (name.starts_with("[]")) name.insert(1, "0");
  return name;
}

}  // namespace

bool is_from_file(const Parameter& parameter) noexcept {
  constexpr std::array<std::string_view, 9> kPem = {"certificate",
                                                    "certificate_chain",
                                                    "csr",
                                                    "cert",
                                                    "cert_content",
                                                    "trusted_root_ca",
                                                    "enc_certificate",
                                                    "cert_content_sign",
                                                    "certificate_text"};
  return parameter.is_secret || (parameter.place == cloud::Place::body &&
                                 std::find(kPem.begin(), kPem.end(), parameter.name) != kPem.end());
}

std::string option_of(const Parameter& parameter) {
  std::string_view name = parameter.name;
  // Shortens the six options of a subject.
  constexpr std::string_view kSubject = "distinguished_name.";
  if (name.starts_with(kSubject)) name.remove_prefix(kSubject.size());
  if (name.starts_with("[].")) name.remove_prefix(3);
  return fmt::format("--{}{}", dashed(name), is_from_file(parameter) ? "-file" : "");
}

void add_options(CLI::App& command, const Operation& operation, OperationInput& given) {
  const auto paging = cloud::paging_of(operation);
  for (const Parameter& parameter : operation.parameters()) {
    if (paging && &parameter == paging->size) {
      add_limit(command, parameter, given);
    } else if (has_option(parameter)) {
      add_parameter(command, parameter, given);
    }
  }
}

Result<cloud::Arguments> collect(const OperationInput& given) {
  cloud::Arguments arguments;
  for (const auto& [parameter, values] : given.values) {
    for (const std::string& value : values) {
      arguments.parameters.push_back(
          {name_in_body(*parameter), Secret::copy_of(std::string_view(value))});
    }
  }
  for (const auto& [parameter, file] : given.files) {
    if (file.empty()) continue;
    auto text = read_input(file);
    if (!text) return fail_with(std::move(text), option_of(*parameter));
    arguments.parameters.push_back({name_in_body(*parameter), *std::move(text)});
  }
  for (const auto& [parameter, elements] : given.elements) {
    auto added = add_elements(*parameter, elements, arguments);
    if (!added) return pass(std::move(added));
  }
  return arguments;
}

Result<void> check_arguments(const Operation& operation, const cloud::Arguments& arguments) {
  for (const cloud::Argument& argument : arguments.parameters) {
    const Parameter* parameter = cloud::find_given(operation, argument.name);
    if (parameter == nullptr) return cloud::unknown_parameter(operation, argument.name);
    auto checked = cloud::check_value(operation, *parameter, argument.value.reveal());
    if (!checked) return pass(std::move(checked));
    wipe(*checked);
  }
  return {};
}

}  // namespace ccm::cli
