// SPDX-License-Identifier: Apache-2.0
// The options of a command that is one operation of the cloud, and what an operator gave for them.
// Made from the catalogue; one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cloud/api/catalogue.h"
#include "cloud/api/request_builder.h"

namespace ccm::cli {

// What the operator gave for one operation: values by parameter, objects of a list as
// "key=value,…".
struct OperationInput {
  std::map<const cloud::Parameter*, std::vector<std::string>> values;
  std::map<const cloud::Parameter*, std::string> files;
  std::map<const cloud::Parameter*, std::vector<std::string>> elements;
  std::optional<std::size_t> at_most;  // of a list
  std::string output;
  bool yes = false;
};

// An option or argument for each parameter that can be given as one. `given` must live as long as
// the command.
void add_options(CLI::App& command, const cloud::Operation& operation, OperationInput& given);
// The files are read here. `invalid` for what is no KEY=VALUE.
Result<cloud::Arguments> collect(const OperationInput& given);

// Each argument by itself, so that a wrong one is named before anybody is asked for credentials.
// `invalid` with a sentence (parameter_check.h).
Result<void> check_arguments(const cloud::Operation& operation, const cloud::Arguments& arguments);

// The option's name for a parameter: "--key-algorithm"; of a field the object is part of it
// ("--validity-type"), and what holds PEM is read from a file ("--certificate-file").
std::string option_of(const cloud::Parameter& parameter);
bool is_from_file(const cloud::Parameter& parameter) noexcept;

}  // namespace ccm::cli
