// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/sentences.h"
#include "base/text.h"

namespace ccm::cloud {
namespace {

constexpr auto kOperations = std::to_array<Operation>({
#define CCM_OPERATIONS
#include "cloud/api/operation_table.inc"
#undef CCM_OPERATIONS
});

constexpr auto kParameters = std::to_array<Parameter>({
#define CCM_PARAMETERS
#include "cloud/api/operation_table.inc"
#undef CCM_PARAMETERS
});

// "; did you mean ListCertificates?", when something is near enough to be meant.
std::string suggestion(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Operation& operation : kOperations) known.push_back(operation.id);
  const std::string_view best = closest(name, known);
  return best.empty() ? ";" : fmt::format("; did you mean {}?", best);
}

}  // namespace

std::string_view to_string(Service service) noexcept {
  switch (service) {
    case Service::scm:
      return "scm";
    case Service::pca:
      return "pca";
    case Service::apig:
      return "apig";
    case Service::iam:
      return "iam";
    case Service::sts:
      return "sts";
  }
  return "";
}

std::span<const Parameter> Operation::parameters() const noexcept {
  return std::span(kParameters).subspan(first_parameter, parameter_count);
}

const Parameter* Operation::find(std::string_view name) const noexcept {
  const auto all = parameters();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const Parameter& parameter) { return parameter.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string Operation::full_name() const {
  return fmt::format("{}.{}", to_string(service), id);
}

std::span<const Operation> operations() noexcept {
  return kOperations;
}

Result<const Operation*> find_operation(std::string_view name) {
  const auto dot = name.find('.');
  const std::string_view service = dot == std::string_view::npos ? "" : name.substr(0, dot);
  const std::string_view id = dot == std::string_view::npos ? name : name.substr(dot + 1);
  std::vector<const Operation*> found;
  for (const Operation& operation : kOperations) {
    const bool is_service =
        service.empty() || equals_ignoring_case(service, to_string(operation.service));
    if (is_service && equals_ignoring_case(operation.id, id)) found.push_back(&operation);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no operation{} `ccmctl api list` shows all", printable(name),
                            suggestion(id)));
  }
  std::vector<std::string> names;
  for (const Operation* operation : found) names.push_back(operation->full_name());
  return fail(ErrorKind::invalid, fmt::format("\"{}\" is an operation of several services: {}",
                                              printable(name), join(names, " or ")));
}

}  // namespace ccm::cloud
