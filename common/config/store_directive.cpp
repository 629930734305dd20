#include "config/store_directive.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/sentences.h"
#include "config/values.h"

namespace ccm::config {
namespace {

// PATH_MAX, and more than a hundred names that mean something.
constexpr std::size_t kLongestArgument = 4096;

std::string_view place_of(Scope scope) {
  return scope == Scope::global ? "ccm block" : "certificate block";
}

bool is_allowed(const Directive& directive, Scope scope) {
  return directive.scope == scope || directive.scope == Scope::both;
}

Result<void> check_text(const std::string& text) {
  if (text.size() > kLongestArgument) {
    return fail(ErrorKind::invalid,
                fmt::format("{} is longer than {} characters", in_quotes(text), kLongestArgument));
  }
  const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (has_control) {
    return fail(ErrorKind::invalid,
                fmt::format("{} contains a control character", in_quotes(text)));
  }
  return {};
}

std::string suggestion(std::string_view key, Scope scope, const Settings::Spelling& spelling) {
  std::vector<std::string_view> keys;
  for (const Directive& row : directives()) {
    if (is_allowed(row, scope)) keys.push_back(row.key);
  }
  const std::string_view best = closest(key, keys);
  return best.empty() ? "" : fmt::format("; did you mean \"{}\"?", spell(spelling, best));
}

Result<const Directive*> admitted_directive(std::string_view key, Scope scope,
                                            const Settings::Spelling& spelling) {
  const Directive* row = find_directive(key);
  if (row == nullptr) {
    return fail(ErrorKind::invalid, fmt::format("unknown directive {} in {}{}", in_quotes(key),
                                                place_of(scope), suggestion(key, scope, spelling)));
  }
  if (!is_allowed(*row, scope)) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is not allowed in a {}; it belongs in the {}",
                            spell(spelling, key), place_of(scope), place_of(row->scope)));
  }
  return row;
}

}  // namespace

std::string spell(const Settings::Spelling& spelling, std::string_view key) {
  return spelling ? spelling(key) : std::string(key);
}

std::string form_of(const Directive& row, const Settings::Spelling& spelling) {
  return spell(spelling, row.key) + std::string(row.form.substr(row.key.size()));
}

Result<void> check_texts(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (auto checked = check_text(text); !checked) return checked;
  }
  return {};
}

Result<void> store_directive(std::vector<RawDirective>& into, RawDirective directive, Scope scope,
                             const Settings::Spelling& spelling) {
  auto row = admitted_directive(directive.key, scope, spelling);
  if (!row) return pass(std::move(row));
  for (const RawDirective& other : into) {
    if (other.key != directive.key) continue;
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is given twice; the first one is in {}",
                            spell(spelling, directive.key), to_string(other.origin)));
  }
  const std::size_t count = directive.arguments.size();
  if (count < (*row)->min_arguments || count > (*row)->max_arguments) {
    return fail(ErrorKind::invalid,
                fmt::format("invalid number of arguments in \"{}\"; write {}",
                            spell(spelling, directive.key), form_of(**row, spelling)));
  }
  auto checked = check_texts(directive.arguments);
  Values scratch;
  if (checked) checked = parse_value(directive.key, directive.arguments, scratch);
  if (!checked) return fail_with(std::move(checked), spell(spelling, directive.key));
  into.push_back(std::move(directive));
  return {};
}

}  // namespace ccm::config
