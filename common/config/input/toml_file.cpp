// SPDX-License-Identifier: Apache-2.0
#include "config/input/toml_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "config/directives/table.h"
#include "config/sentences.h"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace ccm::config {
namespace {

constexpr std::size_t kLargest = std::size_t{16} << 20U;
constexpr std::string_view kCertificate = "certificate";
constexpr std::string_view kHook = "on";
constexpr std::string_view kCatalogue = "catalogue";

// keep 3 -> keep = "3"; proxy http://HOST:PORT | off -> proxy = "http://HOST:PORT" | "off"
std::string toml_form(std::string_view key, std::string_view values) {
  if (key == kHook) {
    return "[[on]] events = \"EVENT[,EVENT...]\" run = \"PROGRAM [ARGUMENT...]\" "
           "[user = \"ACCOUNT\"] [timeout = \"30s\"]";
  }
  std::string form = fmt::format("{} =", key);
  for (bool is_first = true; !values.empty(); is_first = false) {
    const std::size_t bar = values.find(" | ");
    const std::string_view value = values.substr(0, bar);
    const std::string_view quote = value.starts_with('"') ? "" : "\"";
    form += fmt::format("{0} {1}{2}{1}", is_first ? "" : " |", quote, value);
    values.remove_prefix(bar == values.npos ? values.size() : bar + 3);
  }
  return form;
}

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  Result<Settings> read(const toml::table& file);

 private:
  Origin origin_of(const toml::node& node) const {
    return {path_, static_cast<unsigned>(node.source().begin.line)};
  }
  Failure failure_at(const toml::node& node, std::string_view sentence) const {
    return fail(ErrorKind::invalid, at(std::string(sentence), origin_of(node)));
  }
  // The result of Settings, with the place after an error.
  Result<void> located(Result<void> done, const toml::node& node) const {
    if (done) return done;
    return failure_at(node, done.error().message());
  }
  Result<std::vector<std::string>> arguments_of(std::string_view key,
                                                const toml::node& value) const;
  Result<void> set_global(std::string_view key, const toml::node& value);
  Result<void> add_certificate(std::string_view name, const toml::node& value);
  Result<void> add_hooks(const toml::node& value);
  Result<void> add_hook(const toml::node& value);
  std::string resolve(const std::string& path) const;

  std::string path_;
  Settings settings_{toml_dialect()};
};

std::optional<std::string> scalar_text(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_integer()) return fmt::format("{}", number->get());
  if (const auto* flag = value.as_boolean()) return flag->get() ? "on" : "off";
  return std::nullopt;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

Result<std::vector<std::string>> Reader::arguments_of(std::string_view key,
                                                      const toml::node& value) const {
  const Directive* row = find_directive(key);
  std::vector<std::string> arguments;
  if (const toml::array* list = value.as_array()) {
    for (const toml::node& item : *list) {
      auto text = scalar_text(item);
      if (!text) return failure_at(item, fmt::format("\"{}\": a list holds texts only", key));
      arguments.push_back(*std::move(text));
    }
  } else if (auto text = scalar_text(value)) {
    const bool has_many = row != nullptr && row->max_arguments > 1;
    arguments = has_many ? words_of(*text) : std::vector<std::string>{*std::move(text)};
  } else {
    return failure_at(value, fmt::format("\"{}\" must be a text, a number, true, false or a list "
                                         "of texts",
                                         key));
  }
  if (row == nullptr) return arguments;
  return with_paths(*row, std::move(arguments),
                    [this](const std::string& path) { return resolve(path); });
}

std::string Reader::resolve(const std::string& path) const {
  return (std::filesystem::path(path_).parent_path() / path).lexically_normal().string();
}

Result<void> Reader::set_global(std::string_view key, const toml::node& value) {
  if (key == kCatalogue) {
    return failure_at(value,
                      "a catalogue is shown by a web server, which declares it in its own "
                      "configuration; remove it from this file");
  }
  if (value.is_table()) {
    return failure_at(value, fmt::format("unknown table {}; a certificate is [certificate.NAME]",
                                         in_quotes(key)));
  }
  auto arguments = arguments_of(key, value);
  if (!arguments) return pass(std::move(arguments));
  return located(settings_.set(key, *std::move(arguments), origin_of(value)), value);
}

Result<void> Reader::add_hooks(const toml::node& value) {
  const toml::array* list = value.as_array();
  if (list == nullptr) {
    return failure_at(value, "hooks are tables of a list, so each begins with [[on]]");
  }
  for (const toml::node& item : *list) {
    if (auto added = add_hook(item); !added) return added;
  }
  return {};
}

// The keys of the table have the names of the directive's words.
Result<void> Reader::add_hook(const toml::node& value) {
  const toml::table* table = value.as_table();
  if (table == nullptr) return failure_at(value, "a hook is a table, [[on]]");
  std::vector<std::string> arguments{"", "run", ""};
  for (const auto& [key, node] : *table) {
    auto text = scalar_text(node);
    const std::string word(key.str());
    if (word == "events" && node.is_array()) {
      auto events = arguments_of(word, node);
      if (!events) return pass(std::move(events));
      arguments[0] = join(*events, ",");
    } else if (!text) {
      return failure_at(node, fmt::format("\"on.{}\" must be a text", word));
    } else if (word == "events") {
      arguments[0] = *text;
    } else if (word == "run") {
      arguments[2] = *text;
    } else if (word == "user" || word == "timeout") {
      arguments.push_back(fmt::format("{}={}", word, *text));
    } else {
      return failure_at(node, fmt::format("unknown key {} in [[on]]; there are \"events\", "
                                          "\"run\", \"user\" and \"timeout\"",
                                          in_quotes(word)));
    }
  }
  if (arguments[0].empty()) return failure_at(value, "on: \"events\" is missing");
  return located(settings_.set(kHook, std::move(arguments), origin_of(value)), value);
}

Result<void> Reader::add_certificate(std::string_view name, const toml::node& value) {
  const toml::table* table = value.as_table();
  if (table == nullptr) {
    return failure_at(value, "a certificate is a table, [certificate.NAME]");
  }
  if (auto added = located(settings_.add_certificate(name, origin_of(value)), value); !added) {
    return added;
  }
  for (const auto& [key, node] : *table) {
    if (node.is_table()) {
      return failure_at(node,
                        fmt::format("\"{0}.{1}\" is a table within a table; a name with a dot "
                                    "stands in quotes: [certificate.\"{0}.{1}\"]",
                                    name, key.str()));
    }
    auto arguments = arguments_of(key.str(), node);
    if (!arguments) return pass(std::move(arguments));
    auto set = settings_.set_in(name, key.str(), *std::move(arguments), origin_of(node));
    if (!set) return located(std::move(set), node);
  }
  return {};
}

Result<Settings> Reader::read(const toml::table& file) {
  for (const auto& [key, node] : file) {
    if (key.str() == kHook) {
      if (auto added = add_hooks(node); !added) return pass(std::move(added));
      continue;
    }
    if (key.str() != kCertificate) {
      if (auto set = set_global(key.str(), node); !set) return pass(std::move(set));
      continue;
    }
    const toml::table* certificates = node.as_table();
    if (certificates == nullptr) {
      return failure_at(node, "certificates are tables, [certificate.NAME]");
    }
    for (const auto& [name, certificate] : *certificates) {
      if (auto added = add_certificate(name.str(), certificate); !added) {
        return pass(std::move(added));
      }
    }
  }
  return std::move(settings_);
}

}  // namespace

Dialect toml_dialect() {
  return {.spelling = {},
          .form = toml_form,
          .certificate_block = "[certificate.NAME] table",
          .global_block = "top of the file",
          .use = "[certificate.NAME]",
          .global_block_is_unique = true};
}

Result<Settings> read_toml_settings(const std::string& path) {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  if (error) return fail(ErrorKind::invalid, fmt::format("{}: {}", path, error.message()));
  const Result<std::string> text = read_file(real, kLargest);
  if (!text) return fail(Error(text.error()).with_kind(ErrorKind::invalid));
  const std::string absolute = std::filesystem::absolute(path).lexically_normal().string();
  const toml::parse_result parsed = toml::parse(*text, absolute);
  if (!parsed) {
    const auto& begin = parsed.error().source().begin;
    return fail(ErrorKind::invalid, fmt::format("it is no TOML: {} in {}:{} (column {})",
                                                printable(parsed.error().description()), absolute,
                                                begin.line, begin.column));
  }
  return Reader(absolute).read(parsed.table());
}

}  // namespace ccm::config
