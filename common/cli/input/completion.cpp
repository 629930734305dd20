// SPDX-License-Identifier: Apache-2.0
#include "cli/input/completion.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/input/command_tree.h"
#include "cloud/api/catalogue.h"

namespace ccm::cli {
namespace {

constexpr std::string_view kBash = R"(# bash completion for ccmctl; made by `ccmctl generate bash`
_ccmctl() {
  local line
  local -a lines
  mapfile -t lines < <(ccmctl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  for line in "${lines[@]:1}"; do COMPREPLY+=("${line%%$'\t'*}"); done
  case "${lines[0]}" in
    files) compopt -o default ;;
    directories) compopt -o dirnames ;;
  esac 2>/dev/null
}
complete -F _ccmctl ccmctl
)";

constexpr std::string_view kZsh = R"(#compdef ccmctl
# zsh completion for ccmctl; made by `ccmctl generate zsh`
_ccmctl() {
  local line
  local -a lines items
  lines=("${(@f)$(ccmctl __complete "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  for line in "${(@)lines[2,-1]}"; do
    items+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  (( $#items )) && _describe ccmctl items
  case "$lines[1]" in
    files) _files ;;
    directories) _files -/ ;;
  esac
}
if [ "$funcstack[1]" = "_ccmctl" ]; then _ccmctl "$@"; else compdef _ccmctl ccmctl; fi
)";

constexpr std::string_view kFish = R"(# fish completion for ccmctl; made by `ccmctl generate fish`
function __ccmctl_complete
  set -l words (commandline -opc)
  set -e words[1]
  set -l lines (ccmctl __complete $words (commandline -ct) 2>/dev/null)
  set -l paths $lines[1]
  set -e lines[1]
  printf '%s\n' $lines
  switch "$paths"
    case files
      __fish_complete_path (commandline -ct)
    case directories
      __fish_complete_directories (commandline -ct)
  end
end
complete -c ccmctl -f -a '(__ccmctl_complete)'
)";

class Line {
 public:
  Line(const CLI::App& root, const ReadNames& read_names) : place_(root), read_names_(read_names) {}

  void take(const std::string& word) {
    if (word == "=" && awaiting_ != nullptr) return;  // bash passes "--format=pem" as three words
    if (awaiting_ != nullptr) {
      if (awaiting_->check_lname("state-dir")) state_directory_ = word;
      awaiting_ = nullptr;
    } else if (word.size() > 1 && word.front() == '-') {
      const auto equals = word.find('=');
      const CLI::Option* option = place_.find_option(word.substr(0, equals));
      if (option != nullptr && equals == std::string::npos && needs_value(*option)) {
        awaiting_ = option;
      } else if (option != nullptr && option->check_lname("state-dir")) {
        state_directory_ = word.substr(equals + 1);
      }
    } else if (const CLI::App* command = place_.find_command(word)) {
      place_.enter(*command);
    } else {
      ++arguments_;
    }
  }

  Completion offer(std::string word) {
    if (awaiting_ != nullptr) {
      word_ = word == "=" ? "" : std::move(word);
      add_values(*awaiting_);
    } else if (const auto equals = word.find('=');
               word.starts_with("--") && equals != std::string::npos) {
      prefix_ = word.substr(0, equals + 1);
      word_ = word.substr(equals + 1);
      const CLI::Option* option = place_.find_option(word.substr(0, equals));
      if (option != nullptr) add_values(*option);
    } else {
      word_ = std::move(word);
      add_next();
    }
    return std::move(completion_);
  }

 private:
  void add(const std::string& word, const std::string& about = {}) {
    if (word.starts_with(word_)) completion_.words.emplace_back(prefix_ + word, about);
  }

  void add_next() {
    for (const CLI::App* each : commands_of(place_.command())) {
      add(each->get_name(), each->get_description());
    }
    const auto arguments = arguments_of(place_.command());
    if (!word_.starts_with('-') && arguments_ < arguments.size()) {
      add_values(*arguments[arguments_]);
    }
    // There are many options, so they are offered only on request, or when there is nothing else.
    const bool is_nothing_else =
        completion_.words.empty() && completion_.paths == Completion::Paths::none;
    if (word_.starts_with('-') || (word_.empty() && is_nothing_else)) add_options();
  }

  void add_options() {
    for (const CLI::App* level : place_.levels()) {
      for (const CLI::Option* option : options_of(*level)) {
        // Each command has its own --help.
        if (level != &place_.command() && option->check_lname("help")) continue;
        for (const auto& name : spellings(*option)) add(name, option->get_description());
      }
    }
  }

  void add_values(const CLI::Option& option) {
    const std::string type = type_of(option);
    if (type == kFile) completion_.paths = Completion::Paths::files;
    if (type == kDirectory) completion_.paths = Completion::Paths::directories;
    const bool is_name =
        type == kCertificate || (option.get_positional() && option.get_name() == "NAME");
    if (is_name) {
      for (const auto& name : read_names_(state_directory_)) add(name);
    } else if (type == kOperation) {
      for (const auto& each : cloud::operations()) {
        add(each.full_name(), std::string(each.title));
        // The name without its service is offered once somebody types its beginning.
        if (!word_.empty()) add(std::string(each.id), std::string(each.title));
      }
    } else if (type.find('|') != std::string::npos) {
      for (const auto choice : split(type, '|')) add(std::string(choice));
    }
  }

  Place place_;
  const ReadNames& read_names_;
  const CLI::Option* awaiting_ = nullptr;
  std::size_t arguments_ = 0;
  std::string state_directory_;
  std::string prefix_;
  std::string word_;
  Completion completion_;
};

}  // namespace

Completion complete(const CLI::App& root, const std::vector<std::string>& words,
                    const ReadNames& read_names) {
  Line line(root, read_names);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) line.take(words[i]);
  return line.offer(words.empty() ? std::string() : words.back());
}

std::string to_text(const Completion& completion) {
  std::string text = "none\n";
  if (completion.paths == Completion::Paths::files) text = "files\n";
  if (completion.paths == Completion::Paths::directories) text = "directories\n";
  for (const auto& [word, about] : completion.words) {
    // A description of several lines is a list of choices; the first line says what they are for.
    text += fmt::format("{}\t{}\n", word, about.substr(0, about.find('\n')));
  }
  return text;
}

std::string_view completion_script(std::string_view shell) noexcept {
  if (shell == "bash") return kBash;
  return shell == "zsh" ? kZsh : kFish;
}

}  // namespace ccm::cli
