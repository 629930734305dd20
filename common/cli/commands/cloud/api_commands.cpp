// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/answers/listing.h"
#include "cli/answers/render.h"
#include "cli/cloud/consequence.h"
#include "cli/commands/commands.h"
#include "cli/input/completion.h"
#include "cli/input/operation_input.h"
#include "cli/input/secret_input.h"
#include "cli/input/value_checks.h"
#include "cli/output/table.h"
#include "cloud/api/parameter_check.h"

namespace ccm::cli {
namespace {

using cloud::Operation;
using cloud::Parameter;

std::string_view to_string(cloud::Place place) {
  switch (place) {
    case cloud::Place::path:
      return "path";
    case cloud::Place::query:
      return "query";
    case cloud::Place::header:
      return "header";
    case cloud::Place::body:
      break;
  }
  return "body";
}

std::string_view to_string(cloud::Type type) {
  switch (type) {
    case cloud::Type::text:
    case cloud::Type::digits:
      return "text";
    case cloud::Type::integer:
      return "integer";
    case cloud::Type::flag:
      return "flag";
    case cloud::Type::texts:
      return "texts";
    case cloud::Type::objects:
      return "objects";
    case cloud::Type::object:
    case cloud::Type::map:
      break;
  }
  return "object";
}

// nullptr, and said, when there is none of that name; `invalid` when several services have it.
Result<const Operation*> find_or_say(const std::string& name) {
  auto operation = cloud::find_operation(name);
  const auto all = cloud::operations();
  const bool is_of_several = std::any_of(all.begin(), all.end(), [&](const Operation& each) {
    return equals_ignoring_case(each.id, name);
  });
  if (operation || is_of_several) return operation;
  Terminal::say("ccmctl: " + operation.error().message());
  return nullptr;
}

std::string origin_of(const Operation& operation) {
  if (operation.is_historical) return "historical";
  return operation.is_sdk_only ? "SDK only" : "documented";
}

bool contains(std::string_view text, const std::string& wanted) {
  return to_lower(text).find(to_lower(wanted)) != std::string::npos;
}

Result<ExitCode> list_operations(Workspace& workspace, const std::string& service,
                                 const std::string& wanted) {
  Table table({"OPERATION", "CALL", "PERMISSION", "WHAT IT DOES"});
  std::vector<cloud::JsonObject> objects;
  for (const Operation& operation : cloud::operations()) {
    if (!service.empty() && service != cloud::to_string(operation.service)) continue;
    if (!contains(operation.full_name(), wanted) && !contains(operation.title, wanted)) continue;
    table.add({{operation.full_name(), operation.is_historical ? Colour::dim : Colour::plain},
               {fmt::format("{} {}", operation.method, operation.path)},
               {std::string(operation.iam_action)},
               {std::string(operation.title)}});
    objects.emplace_back();
    objects.back()
        .set("operation", operation.full_name())
        .set("method", operation.method)
        .set("path", operation.path)
        .set("permission", operation.iam_action)
        .set("origin", origin_of(operation))
        .set("title", operation.title);
  }
  if (table.empty()) {
    Terminal::say("no operation is like that");
    return ExitCode::not_found;
  }
  if (!workspace.options.json) {
    Terminal::print(table.text(workspace.terminal));
    return ExitCode::ok;
  }
  cloud::JsonObject all;
  all.set_objects("operations", std::move(objects));
  return print_object(std::move(all));
}

cloud::JsonObject describe_parameter(const Parameter& parameter) {
  cloud::JsonObject object;
  object.set("name", parameter.name)
      .set("in", to_string(parameter.place))
      .set("type", to_string(parameter.type))
      .set_flag("mandatory", parameter.is_mandatory)
      .set_flag("secret", parameter.is_secret)
      .set("allowed", cloud::allowed_values(parameter))
      .set("description", parameter.description);
  return object;
}

Result<ExitCode> show_operation(Workspace& workspace, const Operation& operation) {
  if (workspace.options.json) {
    std::vector<cloud::JsonObject> parameters;
    for (const Parameter& parameter : operation.parameters()) {
      parameters.push_back(describe_parameter(parameter));
    }
    cloud::JsonObject object;
    object.set("operation", operation.full_name())
        .set("method", operation.method)
        .set("path", operation.path)
        .set("permission", operation.iam_action)
        .set("origin", origin_of(operation))
        .set("title", operation.title)
        .set_objects("parameters", std::move(parameters));
    return print_object(std::move(object));
  }
  const Terminal& terminal = workspace.terminal;
  Terminal::print(fmt::format("{}\n{}\n\n{} {}\n",
                              terminal.paint(Colour::bold, operation.full_name()), operation.title,
                              operation.method, operation.path));
  if (!operation.iam_action.empty()) {
    Terminal::print(fmt::format("permission: {}\n", operation.iam_action));
  }
  Terminal::print(fmt::format("origin: {}\n", origin_of(operation)));
  Table table({"PARAMETER", "IN", "TYPE", "NEEDED", "ALLOWED", "WHAT IT IS"});
  for (const Parameter& parameter : operation.parameters()) {
    table.add({{std::string(parameter.name)},
               {std::string(to_string(parameter.place))},
               {std::string(to_string(parameter.type))},
               {parameter.is_mandatory ? "yes" : ""},
               {cloud::allowed_values(parameter)},
               {std::string(parameter.description)}});
  }
  if (!table.empty()) Terminal::print("\n" + table.text(terminal));
  return ExitCode::ok;
}

// "name=value", "name=@file" (without its last line end), "name=@-" for standard input, "name=@@x"
// for the text "@x".
Result<cloud::Argument> parse_argument(const Operation& operation, const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorKind::invalid,
                fmt::format("--param {}: write NAME=VALUE or NAME=@FILE", printable(word)));
  }
  cloud::Argument argument{.name = word.substr(0, equals), .value = {}};
  const std::string_view value = std::string_view(word).substr(equals + 1);
  if (value.starts_with('@') && !value.starts_with("@@")) {
    auto text = read_input(std::string(value.substr(1)));
    if (!text) return fail_with(std::move(text), argument.name);
    const bool ends_line = text->reveal().ends_with('\n');
    argument.value = Secret::copy_of(text->reveal().substr(0, text->size() - (ends_line ? 1 : 0)));
    return argument;
  }
  const Parameter* parameter = cloud::find_given(operation, argument.name);
  if (parameter != nullptr && parameter->is_secret) {
    return fail(ErrorKind::invalid,
                fmt::format("{} is a secret, and arguments can be seen by others: put it into a "
                            "file and give --param {}=@FILE, or @- for standard input",
                            argument.name, argument.name));
  }
  argument.value = Secret::copy_of(value.starts_with("@@") ? value.substr(1) : value);
  return argument;
}

// Asks for mandatory parameters that are missing and secret, if there is a terminal.
Result<void> ask_for_secrets(const Operation& operation, cloud::Arguments& arguments) {
  if (arguments.body || !can_ask()) return {};
  for (const Parameter& parameter : operation.parameters()) {
    if (!parameter.is_secret || !parameter.is_mandatory) continue;
    const bool is_given =
        std::any_of(arguments.parameters.begin(), arguments.parameters.end(),
                    [&](const auto& each) { return each.name == parameter.name; });
    // A key has many lines, so nobody can type it.
    if (is_given || parameter.name.find("private_key") != std::string_view::npos) continue;
    auto value = ask(parameter.name, "");
    if (!value) return pass(std::move(value));
    arguments.parameters.push_back({std::string(parameter.name), *std::move(value)});
  }
  return {};
}

struct CallOptions {
  std::string operation;
  std::vector<std::string> parameters;
  std::string body_file;
  std::string output;
  bool all = false;
  bool yes = false;
};

Result<ExitCode> call_operation(Workspace& workspace, const CallOptions& options) {
  const auto found = find_or_say(options.operation);
  if (!found) return fail(found.error());
  if (*found == nullptr) return ExitCode::not_found;
  const Operation& operation = **found;
  cloud::Arguments arguments;
  for (const std::string& word : options.parameters) {
    auto argument = parse_argument(operation, word);
    if (!argument) return pass(std::move(argument));
    arguments.parameters.push_back(*std::move(argument));
  }
  if (!options.body_file.empty()) {
    auto body = read_input(options.body_file);
    if (!body) return pass(std::move(body));
    arguments.body = *std::move(body);
  }
  if (auto checked = check_arguments(operation, arguments); !checked) {
    return pass(std::move(checked));
  }
  if (auto asked = ask_for_secrets(operation, arguments); !asked) return pass(std::move(asked));
  if (options.all && cloud::paging_of(operation)) {
    return print_list(workspace, operation, arguments,
                      {.at_most = {}, .columns = {}, .output = options.output});
  }
  if (!options.yes && !workspace.options.dry_run) {
    const auto agreed = agree_to(operation, arguments);
    if (!agreed) return fail(agreed.error());
    if (!*agreed) return ExitCode::failed;
  }
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const auto answer = (*cloud)->call(operation, std::move(arguments));
  if (!answer) return fail(answer.error());
  if (const auto* token = answer->find_header("X-Subject-Token");
      token != nullptr && !options.output.empty()) {
    return write_output(options.output, *token);
  }
  return print_answer(workspace, *answer, {}, options.output);
}

void add_list(CLI::App& api, Action& action) {
  auto* list = api.add_subcommand("list", "Lists all operations, or those that WORD occurs in");
  auto service = std::make_shared<std::string>();
  auto wanted = std::make_shared<std::string>();
  list->add_option("WORD", *wanted, "part of the name or of the description");
  list->add_option("--service", *service, "only operations of this service")
      ->type_name("scm|pca|apig|iam|sts")
      ->check(one_of({"scm", "pca", "apig", "iam", "sts"}));
  list->footer("Examples:\n  ccmctl api list\n  ccmctl api list csr --service scm");
  list->callback([=, &action] {
    action = [=](Workspace& workspace) { return list_operations(workspace, *service, *wanted); };
  });
}

void add_show(CLI::App& api, Action& action) {
  auto* show = api.add_subcommand("show", "Shows an operation and its parameters");
  auto name = std::make_shared<std::string>();
  show->add_option("OPERATION", *name, "such as ListCertificates or pca.ExportCertificate")
      ->type_name(kOperation)
      ->required();
  show->footer("Example:\n  ccmctl api show ImportCertificate");
  show->callback([=, &action] {
    action = [=](Workspace& workspace) -> Result<ExitCode> {
      const auto found = find_or_say(*name);
      if (!found) return fail(found.error());
      if (*found == nullptr) return ExitCode::not_found;
      return show_operation(workspace, **found);
    };
  });
}

void add_call(CLI::App& api, Action& action) {
  auto* call = api.add_subcommand("call", "Calls an operation, after checking its parameters");
  auto options = std::make_shared<CallOptions>();
  call->add_option("OPERATION", options->operation,
                   "such as ListCertificates or pca.ExportCertificate")
      ->type_name(kOperation)
      ->required();
  call->add_option("--param,-p", options->parameters,
                   "NAME=VALUE or NAME=@FILE; may be repeated; fields as in validity.type, "
                   "elements as in tags[0].key")
      ->allow_extra_args(false);
  call->add_option("--body-file", options->body_file,
                   "the body as a JSON file; - for standard input")
      ->type_name(kFile);
  call->add_option("--output,-o", options->output,
                   "write the answer (or the token) to this file, readable by its owner only")
      ->type_name(kFile);
  call->add_flag("--all", options->all, "fetch every page, and give them as one answer");
  call->add_flag("--yes,-y", options->yes,
                 "do not ask before an operation deletes, disables, revokes or costs money");
  call->footer(
      "Examples:\n"
      "  ccmctl api call ListCertificates -p status=ISSUED --all\n"
      "  ccmctl api call ListCertificates -p limit=50 -p offset=50\n"
      "  ccmctl api call scm.ExportCertificate -p certificate_id=scs1600000000000 -o answer.json\n"
      "  ccmctl api call CreateCertificateByCsr --body-file request.json --dry-run");
  call->callback([=, &action] {
    action = [=](Workspace& workspace) { return call_operation(workspace, *options); };
  });
}

}  // namespace

void add_api_commands(CLI::App& app, Action& action) {
  CLI::App& api = group(app, "api", "Shows and calls every operation of the services");
  api.footer("Example:\n  ccmctl api show ImportCertificate");
  add_list(api, action);
  add_show(api, action);
  add_call(api, action);
}

}  // namespace ccm::cli
