// SPDX-License-Identifier: Apache-2.0
// Makes the manual from the tree that parses the command line, so that there is no second list.
// Also prints the scripts for completion, which ask that tree (completion.h).
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "base/text.h"
#include "base/version.h"
#include "cli/commands/commands.h"
#include "cli/commands/generate_markdown.h"
#include "cli/input/command_tree.h"
#include "cli/input/completion.h"
#include "cli/input/value_checks.h"

namespace ccm::cli {
namespace {

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

// "ca create" for every command, the root first as "".
using Visit = std::function<void(const CLI::App&, const std::string& path)>;
void walk(const CLI::App& app, const std::string& path, const Visit& visit) {
  visit(app, path);
  for (const CLI::App* each : commands_of(app)) {
    walk(*each, path.empty() ? each->get_name() : path + " " + each->get_name(), visit);
  }
}

// Escapes what roff would take for a command or break a line at.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool begins_line = out.empty() || out.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string roff_options(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    const std::string name =
        option->get_positional() ? option->get_name(true) : join(spellings(*option), ", ");
    text += fmt::format(".TP\n.B {}{}\n{}\n", roff(name),
                        option->nonpositional() && takes_value(*option) ? " \\fIVALUE\\fR" : "",
                        roff(option->get_description()));
  }
  return text;
}

std::string roff_footer(const CLI::App& app) {
  return app.get_footer().empty() ? "" : fmt::format(".PP\n.nf\n{}\n.fi\n", roff(app.get_footer()));
}

std::string manual(const CLI::App& root) {
  std::string text =
      fmt::format(".TH CCMCTL 1 \"\" \"ccm-tls {}\"\n.SH NAME\nccmctl \\- ", version());
  text += roff(root.get_description());
  text += "\n.SH SYNOPSIS\n.B ccmctl\n[\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n";
  text += ".SH OPTIONS\nThey may stand before or after the command.\n" + roff_options(root);
  text += ".SH COMMANDS\n";
  walk(root, "", [&](const CLI::App& app, const std::string& path) {
    if (path.empty()) return;
    text += fmt::format(".SS ccmctl {}\n{}\n", roff(path), roff(app.get_description()));
    text += roff_options(app) + roff_footer(app);
  });
  text += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_codes()) {
    text += fmt::format(".TP\n.B {}\n{}\n", static_cast<int>(code), roff(meaning));
  }
  text += ".SH ENVIRONMENT\n.TP\n.B HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK\n";
  text +=
      "The access key. It is used with \\-\\-credentials env, or when no web server of this host "
      "has settings. Other variables have the names that the vendor's SDKs use.\n";
  text +=
      ".TP\n.B NO_COLOR\nWhen set, the output has no colours.\n.SH FILES\n.TP\n.I /var/lib/ccm\n";
  return text + "The state directory of the web servers' agents.\n";
}

}  // namespace

void add_generate(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("generate", "Prints the manual page or the completion for a shell");
  auto form = std::make_shared<std::string>();
  command->add_option("FORM", *form, "man, bash, zsh or fish")
      ->required()
      ->type_name("man|bash|zsh|fish")
      ->check(one_of({"man", "bash", "zsh", "fish", "markdown", "errors"}));
  command->footer("Example:\n  ccmctl generate bash > /etc/bash_completion.d/ccmctl");
  command->callback([=, &action, &app] {
    action = [=, &app](Workspace&) -> Result<ExitCode> {
      // The last two forms are for scripts/generate-reference.
      Terminal::print(*form == "man"        ? manual(app)
                      : *form == "markdown" ? reference_of_commands(app)
                      : *form == "errors"   ? reference_of_errors()
                                            : std::string(completion_script(*form)));
      return ExitCode::ok;
    };
  });
}

}  // namespace ccm::cli
