// SPDX-License-Identifier: Apache-2.0
#include "cli/input/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/sentences.h"
#include "base/text.h"
#include "cli/input/command_tree.h"
#include "cli/input/completion.h"
#include "cli/input/global_options.h"

namespace ccm::cli {
namespace {

// "; did you mean \"list\"?", when something is near enough to be meant.
std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const auto begun = std::find_if(known.begin(), known.end(), [&](const std::string& each) {
    return word.size() > 2 && each.starts_with(word);
  });
  const std::string_view best =
      begun == known.end() ? closest(word, {known.begin(), known.end()}) : std::string_view(*begun);
  return best.empty() ? std::string() : fmt::format("; did you mean {}?", best);
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* each : commands_of(app)) names.push_back(each->get_name());
  return names;
}

std::string unknown_command(const Place& place, const std::string& word) {
  const std::string meant = suggestion(word, names_of_commands(place.command()));
  return fmt::format("`{}` has no command \"{}\"{} `{} --help` lists them", place.path(),
                     printable(word), meant.empty() ? ";" : meant, place.path());
}

std::string unknown_option(const Place& place, const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::App* level : place.levels()) {
    for (const CLI::Option* option : options_of(*level)) {
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  // Every letter is near to every other.
  const std::string meant = word.starts_with("--") ? suggestion(word, known) : std::string();
  return fmt::format("`{}` has no option {}{} `{} --help` lists them", place.path(),
                     printable(word), meant.empty() ? ";" : meant, place.path());
}

// The word for what an option takes, in help and in sentences.
std::string value_word(const std::string& type) {
  if (type == kCertificate) return "NAME";
  return type.empty() || type == "TEXT" ? "VALUE" : type;
}

std::string missing_value(const Place& place, const CLI::Option& option) {
  const std::string type = value_word(type_of(option));
  const auto choices = split(type, '|');
  const bool has_vowel = std::string_view("AEIO").find(type.front()) != std::string_view::npos;
  return fmt::format("`{}`: {} wants {}; see `{} --help`", place.path(), option.get_name(),
                     choices.size() > 1 ? fmt::format("one of {}", fmt::join(choices, ", "))
                                        : fmt::format("{} {}", has_vowel ? "an" : "a", type),
                     place.path());
}

// What CLI11 would say of a line whose words are all known, where people would not say so.
std::string in_plain_words(const std::string& complaint) {
  constexpr std::string_view kTwice = ": At Most 1 required but received ";
  constexpr std::string_view kMisfit = "Could not convert: ";
  const auto twice = complaint.find(kTwice);
  if (twice != std::string::npos) {
    return fmt::format("{} may be given only once, not {} times", complaint.substr(0, twice),
                       complaint.substr(twice + kTwice.size()));
  }
  const auto equals = complaint.find(" = ");
  if (complaint.starts_with(kMisfit) && equals != std::string::npos) {
    return fmt::format("{} does not take \"{}\"",
                       complaint.substr(kMisfit.size(), equals - kMisfit.size()),
                       complaint.substr(equals + 3));
  }
  return complaint;
}

// What is wrong with the words as such, and where they lead to.
std::optional<std::string> find_mistake(Place& place, const std::vector<std::string>& words) {
  std::size_t arguments = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() > 1 && word.front() == '-') {
      const bool is_long = word.starts_with("--");
      const auto equals = word.find('=');
      const std::string name = is_long ? word.substr(0, equals) : word.substr(0, 2);
      const CLI::Option* option = place.find_option(name);
      if (option == nullptr) return unknown_option(place, name);
      // An empty one behind "=" does not count: the next word is taken.
      const bool has_value = is_long ? equals < word.size() - 1 : word.size() > 2;
      if (needs_value(*option) && !has_value && ++i == words.size()) {
        return missing_value(place, *option);
      }
    } else if (const CLI::App* command = place.find_command(word)) {
      place.enter(*command);
    } else if (!commands_of(place.command()).empty()) {
      return unknown_command(place, word);
    } else if (++arguments > arguments_of(place.command()).size()) {
      return fmt::format("`{}` does not take \"{}\"; see `{} --help`", place.path(),
                         printable(word), place.path());
    }
  }
  const auto commands = names_of_commands(place.command());
  if (commands.empty()) return std::nullopt;
  return fmt::format("`{}` wants a command: {}; see `{} --help`", place.path(),
                     join(commands, ", "), place.path());
}

class Format final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    const std::string type = type_of(*option);
    if (option->get_items_expected_max() > 0 && option->nonpositional()) {
      const std::string word = shown(type);
      text += option->get_items_expected_min() == 0 ? fmt::format(" [{}]", word) : " " + word;
    }
    if (!option->get_default_str().empty() && option->get_items_expected_min() > 0) {
      text += fmt::format(" (default {})", option->get_default_str());
    }
    if (option->get_required()) text += " (required)";
    return text;
  }

  // Before the examples: which options of every command (`ccmctl --help`) this one uses.
  std::string make_footer(const CLI::App* app) const override {
    std::string path;
    for (const CLI::App* level = app; level->get_parent() != nullptr; level = level->get_parent()) {
      path = path.empty() ? level->get_name() : fmt::format("{} {}", level->get_name(), path);
    }
    const auto names = global_options_of(path);
    if (names.empty()) return CLI::Formatter::make_footer(app);
    return "Options of every command that count here (`ccmctl --help` explains them):\n" +
           wrapped(names) + "\n" + CLI::Formatter::make_footer(app);
  }

  // Its first sentence: --help of the command has the others.
  std::string make_subcommand(const CLI::App* command) const override {
    const std::string about = command->get_description();
    std::ostringstream text;
    CLI::detail::format_help(text, command->get_name(), about.substr(0, about.find(". ")),
                             get_column_width());
    return text.str();
  }

 private:
  static std::string wrapped(const std::vector<std::string_view>& words) {
    constexpr std::size_t kWidth = 78;
    std::string text;
    std::string line = " ";
    for (const std::string_view word : words) {
      if (line.size() + 1 + word.size() > kWidth) {
        text += line + "\n";
        line = " ";
      }
      line += " ";
      line += word;
    }
    return text + line + "\n";
  }

  static std::string shown(const std::string& type) {
    constexpr std::size_t kFew = 32;
    const bool is_long = type.find('|') != std::string::npos && type.size() > kFew;
    return is_long ? "VALUE" : value_word(type);
  }
};

}  // namespace

std::string explain_mistake(const CLI::App& root, const std::vector<std::string>& words,
                            const std::string& complaint) {
  Place place(root);
  if (auto sentence = find_mistake(place, words)) return *std::move(sentence);
  return fmt::format("`{}`: {}; see `{} --help`", place.path(),
                     printable(in_plain_words(complaint)), place.path());
}

std::shared_ptr<CLI::FormatterBase> help_format() {
  constexpr std::size_t kColumn = 34;
  auto format = std::make_shared<Format>();
  format->column_width(kColumn);
  return format;
}

}  // namespace ccm::cli
