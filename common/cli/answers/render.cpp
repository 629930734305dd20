// SPDX-License-Identifier: Apache-2.0
#include "cli/answers/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "cli/output/table.h"
#include "cli/output/yaml.h"
#include "cloud/api/paging.h"
#include "cloud/api/request_builder.h"

namespace ccm::cli {
namespace {

using cloud::JsonKind;
using cloud::JsonView;

constexpr const char* kHidden = "(not shown; use --json or --output)";

// Also for a path such as "a.private_key".
bool is_secret(std::string_view name) {
  return cloud::is_secret_name(name.substr(name.rfind('.') + 1));
}

bool is_scalar(const JsonView& value) {
  const JsonKind kind = value.kind();
  return kind != JsonKind::object && kind != JsonKind::array;
}

// PCA's times are milliseconds since 1970.
std::string shown(std::string_view name, const JsonView& value) {
  if (is_secret(name)) return value.text().empty() ? "" : kHidden;
  const bool is_time = name.ends_with("_time") || name == "not_before" || name == "not_after";
  if (is_time && value.kind() == JsonKind::integer) {
    if (const auto time = value.time()) return format_time(*time);
  }
  return value.text();
}

std::string joined(std::string_view name, const JsonView& list) {
  if (is_secret(name) && !list.elements().empty()) return kHidden;
  std::vector<std::string> texts;
  for (const JsonView& element : list.elements()) texts.push_back(element.text());
  return join(texts, ", ");
}

bool has_objects(const JsonView& list) {
  const auto elements = list.elements();
  return !elements.empty() && elements.front().is_object();
}

// "distinguished_name.common_name"
JsonView walk(JsonView value, std::string_view path) {
  for (const auto step : split(path, '.')) value = value[step];
  return value;
}

std::vector<std::string> column_names(const std::vector<JsonView>& rows, std::string_view columns) {
  std::vector<std::string> names;
  if (!columns.empty()) {
    for (const auto name : split(columns, ',')) names.emplace_back(name);
    return names;
  }
  for (const JsonView& row : rows) {
    for (const auto& [name, value] : row.entries()) {
      const bool is_new = std::find(names.begin(), names.end(), name) == names.end();
      if (is_scalar(value) && is_new) names.push_back(name);
    }
  }
  return names;
}

// Indented, so that no line of a value looks like a field.
std::string indented(std::string_view text) {
  std::string out;
  for (const auto line : split(trim(text), '\n')) {
    const bool has_return = line.ends_with('\r');
    out += fmt::format("  {}\n", printable(line.substr(0, line.size() - (has_return ? 1 : 0))));
  }
  return out;
}

void add_lines(const Terminal& terminal, const JsonView& value, const std::string& prefix,
               std::string& out) {
  for (const auto& [name, field] : value.entries()) {
    const std::string full = prefix + name;
    const std::string label = terminal.paint(Colour::bold, printable(full));
    if (field.is_object()) {
      add_lines(terminal, field, full + ".", out);
    } else if (field.is_array() && has_objects(field)) {
      out += fmt::format("{}:\n{}", label, as_table(terminal, field.elements(), ""));
    } else if (field.is_array()) {
      out += fmt::format("{}: {}\n", label, printable(joined(name, field)));
    } else if (const std::string text = shown(name, field); text.find('\n') != std::string::npos) {
      out += fmt::format("{}:\n{}", label, indented(text));
    } else {
      out += fmt::format("{}: {}\n", label, printable(text));
    }
  }
}

// The one list of an answer such as {"total_count": 1, "certificates": [...]}.
std::optional<JsonView> list_of(const JsonView& root) {
  if (root.is_array()) return root;
  const std::string name = cloud::list_in(root);
  return name.empty() ? std::nullopt : std::optional(root[name]);
}

// An answer may be only one page of a list.
void say_what_is_missing(const JsonView& root) {
  const auto list = list_of(root);
  const auto total = cloud::total_in(root);
  if (!list || !total || std::cmp_greater_equal(list->elements().size(), *total)) return;
  Terminal::say(fmt::format("{} of {}", list->elements().size(), *total));
}

bool is_text(std::string_view body) {
  return std::none_of(body.begin(), body.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t';
  });
}

std::string for_people(const Terminal& terminal, const JsonView& root, std::string_view columns) {
  const auto list = list_of(root);
  if (!list || (columns.empty() && !root.is_array() && root.entries().size() > 2)) {
    return as_lines(terminal, root);
  }
  const auto rows = list->elements();
  return rows.empty() ? "none\n" : as_table(terminal, rows, columns);
}

Result<ExitCode> print_written(const cloud::JsonObject& object,
                               const std::function<std::string(const cloud::JsonView&)>& write) {
  const auto text = object.dump();
  if (!text) return fail(text.error());
  const auto document = cloud::JsonDocument::parse(*text, cloud::kAnyNumberOfValues);
  if (!document) return fail(document.error());
  Terminal::print(write(document->root()));
  return ExitCode::ok;
}

}  // namespace

std::string as_table(const Terminal& terminal, const std::vector<JsonView>& rows,
                     std::string_view columns) {
  const auto names = column_names(rows, columns);
  std::vector<std::string> headings;
  for (const std::string& name : names) {
    std::string heading = name.substr(name.rfind('.') + 1);
    std::transform(heading.begin(), heading.end(), heading.begin(), [](char c) {
      return c == '_' ? ' ' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    });
    headings.push_back(std::move(heading));
  }
  Table table(headings);
  for (const JsonView& row : rows) {
    std::vector<Table::Cell> cells;
    for (const std::string& name : names) {
      const JsonView value = walk(row, name);
      cells.push_back({value.is_array() ? joined(name, value) : shown(name, value)});
    }
    table.add(std::move(cells));
  }
  return table.text(terminal);
}

std::string as_lines(const Terminal& terminal, const JsonView& value) {
  std::string out;
  add_lines(terminal, value, "", out);
  return out;
}

Result<ExitCode> print_change(const Workspace& workspace, const Change& change,
                              std::string_view sentence, std::vector<cloud::JsonObject> servers) {
  if (workspace.options.json) {
    cloud::JsonObject object;
    object.set("name", change.name)
        .set_number("version", static_cast<std::int64_t>(change.version))
        .set_number("version_before", static_cast<std::int64_t>(change.before))
        .set_objects("servers", std::move(servers));
    return print_object(std::move(object));
  }
  Terminal::say(sentence);
  return ExitCode::ok;
}

Result<ExitCode> print_object(cloud::JsonObject object) {
  return print_written(object, [](const cloud::JsonView& root) {
    return std::string(root.pretty().reveal()) + "\n";
  });
}

Result<ExitCode> print_object_as_yaml(cloud::JsonObject object) {
  return print_written(object, as_yaml);
}

Result<ExitCode> print_dry_run(const Workspace& workspace, std::string_view sentence) {
  if (workspace.options.json) {
    cloud::JsonObject object;
    object.set_flag("is_dry_run", true).set("would", sentence);
    return print_object(std::move(object));
  }
  Terminal::say(fmt::format("{}; nothing was changed", sentence));
  return ExitCode::ok;
}

Result<ExitCode> write_output(const std::string& path, std::string_view content) {
  if (auto written = write_file_atomically(path, content); !written)
    return pass(std::move(written));
  Terminal::say(fmt::format("{} bytes written to {}", content.size(), path));
  return ExitCode::ok;
}

Result<ExitCode> print_answer(const Workspace& workspace, const Answer& answer,
                              std::string_view columns, const std::string& output) {
  if (answer.is_preview) return ExitCode::ok;
  if (!output.empty()) return write_output(output, answer.body.reveal());
  if (answer.document && workspace.options.json) {
    Terminal::print(answer.root().pretty().reveal());
    Terminal::print("\n");
  } else if (answer.document) {
    Terminal::print(for_people(workspace.terminal, answer.root(), columns));
    say_what_is_missing(answer.root());
  } else if (answer.body.empty()) {
    if (workspace.options.json) Terminal::print("{}\n");
    if (!workspace.options.json) Terminal::say("done");
  } else if (!workspace.terminal.is_interactive()) {
    Terminal::print(answer.body.reveal());
  } else if (is_text(answer.body.reveal())) {
    Terminal::print(printable_lines(answer.body.reveal()));
  } else {
    return fail(ErrorKind::invalid,
                fmt::format("the answer is a file of {} bytes; name one with --output",
                            answer.body.size()));
  }
  return ExitCode::ok;
}

}  // namespace ccm::cli
