// Manual and completion, made from the tree that parses the command line: there is no second list.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "base/text.h"
#include "cli/commands.h"

namespace ccm::cli {
namespace {

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
  // Those without a group are hidden.
  return app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return option->nonpositional() && !option->get_group().empty();
  });
}

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> all;
  for (const auto& name : option.get_lnames()) all.push_back("--" + name);
  for (const auto& name : option.get_snames()) all.push_back("-" + name);
  return all;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

// "ca create" for every command, the root first as "".
using Visit = std::function<void(const CLI::App&, const std::string& path)>;
void walk(const CLI::App& app, const std::string& path, const Visit& visit) {
  visit(app, path);
  for (const CLI::App* each : subcommands(app)) {
    walk(*each, path.empty() ? each->get_name() : path + " " + each->get_name(), visit);
  }
}

bool names_a_certificate(const CLI::App& app) {
  return app.get_option_no_throw("NAME") != nullptr;
}

std::vector<std::string> words_of(const CLI::App& app, const CLI::App& root) {
  std::vector<std::string> words;
  for (const CLI::App* each : subcommands(app)) words.push_back(each->get_name());
  for (const CLI::App* level : {&app, &root}) {
    for (const CLI::Option* option : options_of(*level)) {
      for (auto& name : spellings(*option)) {
        if (std::find(words.begin(), words.end(), name) == words.end()) words.push_back(name);
      }
    }
  }
  return words;
}

std::string value_options(const CLI::App& root) {
  std::vector<std::string> all;
  walk(root, "", [&](const CLI::App& app, const std::string&) {
    for (const CLI::Option* option : options_of(app)) {
      if (!takes_value(*option)) continue;
      for (auto& name : spellings(*option)) {
        if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
      }
    }
  });
  return join(all, "|");
}

std::string known_paths(const CLI::App& root) {
  std::vector<std::string> all;
  walk(root, "", [&](const CLI::App&, const std::string& path) {
    if (!path.empty()) all.push_back(fmt::format("\"{}\"", path));
  });
  return join(all, "|");
}

// What bash and zsh share: which command the words so far lead to.
std::string find_path(const CLI::App& root, std::string_view words_before) {
  return fmt::format(
      "  local at=\"\" word\n"
      "  for word in {}; do\n"
      "    case \"${{at:+$at }}$word\" in\n"
      "      {}) at=\"${{at:+$at }}$word\" ;;\n"
      "    esac\n"
      "  done\n",
      words_before, known_paths(root));
}

std::string bash_completion(const CLI::App& root) {
  std::string text = "# bash completion for ccmctl; made by `ccmctl generate bash`\n_ccmctl() {\n";
  text += "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n";
  text += find_path(root, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"");
  text += fmt::format("  case \"$prev\" in {}) return ;; esac\n  case \"$at\" in\n",
                      value_options(root));
  walk(root, "", [&](const CLI::App& app, const std::string& path) {
    const bool has_name = names_a_certificate(app);
    text +=
        fmt::format("    \"{}\") COMPREPLY=($(compgen -W \"{}{}\" -- \"$cur\")) ;;\n", path,
                    join(words_of(app, root), " "), has_name ? " $(ccmctl list 2>/dev/null)" : "");
  });
  return text + "  esac\n}\ncomplete -o default -F _ccmctl ccmctl\n";
}

// For a text in single quotes; a colon ends a word's name in _describe.
std::string quoted(std::string_view text, bool escapes_colon) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == ':' && escapes_colon) {
      out += "\\:";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string zsh_items(const CLI::App& app, const CLI::App& root) {
  std::string items;
  for (const CLI::App* each : subcommands(app)) {
    items += fmt::format(" '{}:{}'", each->get_name(), quoted(each->get_description(), true));
  }
  const auto add = [&](const CLI::App& level) {
    for (const CLI::Option* option : options_of(level)) {
      for (const auto& name : spellings(*option)) {
        items += fmt::format(" '{}:{}'", name, quoted(option->get_description(), true));
      }
    }
  };
  add(app);
  if (&app != &root) add(root);
  return items;
}

std::string zsh_completion(const CLI::App& root) {
  std::string text = "#compdef ccmctl\n# made by `ccmctl generate zsh`\n_ccmctl() {\n";
  text += find_path(root, "${words[2,CURRENT-1]}");
  text += fmt::format("  case \"${{words[CURRENT-1]}}\" in {}) _files; return ;; esac\n",
                      value_options(root));
  text += "  local -a items\n  case \"$at\" in\n";
  walk(root, "", [&](const CLI::App& app, const std::string& path) {
    text += fmt::format("    \"{}\") items=({}{}) ;;\n", path, zsh_items(app, root),
                        names_a_certificate(app) ? " ${(f)\"$(ccmctl list 2>/dev/null)\"}" : "");
  });
  return text + "  esac\n  _describe ccmctl items\n}\n_ccmctl \"$@\"\n";
}

std::string fish_completion(const CLI::App& root) {
  std::string text = "# fish completion for ccmctl; made by `ccmctl generate fish`\n";
  text += "function __ccmctl_at\n  set -l at\n  for word in (commandline -opc)[2..-1]\n";
  text += "    set -l next (string join ' ' $at $word)\n    contains -- $next";
  walk(root, "", [&](const CLI::App&, const std::string& path) {
    if (!path.empty()) text += fmt::format(" '{}'", path);
  });
  text += "\n    and set at (string split ' ' $next)\n  end\n";
  text += "  test (string join ' ' $at) = \"$argv[1]\"\nend\ncomplete -c ccmctl -f\n";
  walk(root, "", [&](const CLI::App& app, const std::string& path) {
    const std::string here = fmt::format("complete -c ccmctl -n '__ccmctl_at \"{}\"'", path);
    for (const CLI::App* each : subcommands(app)) {
      text += fmt::format("{} -a {} -d '{}'\n", here, each->get_name(),
                          quoted(each->get_description(), false));
    }
    if (names_a_certificate(app)) text += here + " -a '(ccmctl list 2>/dev/null)'\n";
    for (const CLI::Option* option : options_of(app)) {
      text += path.empty() ? "complete -c ccmctl" : here;
      for (const auto& name : option->get_lnames()) text += " -l " + name;
      for (const auto& name : option->get_snames()) text += " -s " + name;
      text += fmt::format("{} -d '{}'\n", takes_value(*option) ? " -r -F" : "",
                          quoted(option->get_description(), false));
    }
  });
  return text;
}

// What roff would take for a command, or break at.
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
  std::string text = ".TH CCMCTL 1 \"\" \"ccm-tls " CCM_VERSION "\"\n.SH NAME\nccmctl \\- ";
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
      "The access key, with \\-\\-credentials env or when no web server of this host has "
      "settings; further names as in the vendor's SDKs.\n";
  text += ".TP\n.B NO_COLOR\nNo colours when set.\n.SH FILES\n.TP\n.I /var/lib/ccm\n";
  return text + "The state directory of the web servers' agents.\n";
}

}  // namespace

void add_generate(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("generate", "Manual page and shell completion");
  command->group("");
  auto form = std::make_shared<std::string>();
  command->add_option("FORM", *form, "man, bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"man", "bash", "zsh", "fish"}));
  command->callback([=, &action, &app] {
    action = [=, &app](Workspace&) -> Result<ExitCode> {
      if (*form == "man") Terminal::print(manual(app));
      if (*form == "bash") Terminal::print(bash_completion(app));
      if (*form == "zsh") Terminal::print(zsh_completion(app));
      if (*form == "fish") Terminal::print(fish_completion(app));
      return ExitCode::ok;
    };
  });
}

}  // namespace ccm::cli
