// SPDX-License-Identifier: Apache-2.0
#include "config/directives/store_directive.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sentences.h"
#include "base/text.h"
#include "config/directives/values.h"
#include "config/sentences.h"

namespace ccm::config {
namespace {

// As long as PATH_MAX, and as more than a hundred names of a useful length.
constexpr std::size_t kLongestArgument = 4096;
// Of a directive that may be given more than once.
constexpr std::size_t kMostRepetitions = 100;

// The place with an article ("", "a " or "the ") in front. A place that exists only once always has
// "the ".
std::string place_of(Scope scope, std::string_view article, const Dialect& dialect) {
  if (scope != Scope::global) return fmt::format("{}{}", article, dialect.certificate_block);
  return fmt::format("{}{}", dialect.global_block_is_unique ? "the " : article,
                     dialect.global_block);
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

// The longest beginning that all words share.
std::string shared_prefix(const std::vector<std::string>& words) {
  std::string prefix = words.empty() ? "" : words.front();
  for (const std::string& word : words) {
    const auto differs = std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end());
    prefix.erase(differs.first, prefix.end());
  }
  return prefix;
}

std::string suggest_directive(std::string_view word, Scope scope, const Dialect& dialect) {
  std::vector<std::string> spelled;
  for (const Directive& row : directives()) {
    if (is_allowed(row, scope)) spelled.push_back(dialect.spell(row.key));
  }
  // A shared beginning ("CCM") would make any two words look alike.
  const std::string prefix = shared_prefix(spelled);
  if (to_lower(word).starts_with(to_lower(prefix))) word.remove_prefix(prefix.size());
  std::vector<std::string_view> candidates;
  for (const std::string& text : spelled) {
    candidates.push_back(std::string_view(text).substr(prefix.size()));
  }
  const std::string_view best = closest(word, candidates);
  return best.empty() ? "" : fmt::format("; did you mean \"{}{}\"?", prefix, best);
}

Result<const Directive*> admitted_directive(std::string_view key, Scope scope,
                                            const Dialect& dialect) {
  const Directive* row = find_directive(key);
  if (row == nullptr) {
    return fail(ErrorKind::invalid,
                fmt::format("unknown directive {} in {}{}", in_quotes(key),
                            place_of(scope, "", dialect), suggest_directive(key, scope, dialect)));
  }
  if (!is_allowed(*row, scope)) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is not allowed in {}; it belongs in {}", dialect.spell(key),
                            place_of(scope, "a ", dialect), place_of(row->scope, "the ", dialect)));
  }
  return row;
}

}  // namespace

std::string form_of(const Directive& row, const Dialect& dialect) {
  const std::string_view values = row.form.substr(row.key.size() + 1);
  const std::string key = dialect.spell(row.key);
  return dialect.form ? dialect.form(key, values) : fmt::format("{} {}", key, values);
}

Result<void> check_texts(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (auto checked = check_text(text); !checked) return checked;
  }
  return {};
}

Result<void> store_directive(std::vector<RawDirective>& into, RawDirective directive, Scope scope,
                             const Dialect& dialect) {
  auto row = admitted_directive(directive.key, scope, dialect);
  if (!row) return pass(std::move(row));
  std::size_t others = 0;
  for (const RawDirective& other : into) {
    if (other.key != directive.key) continue;
    if ((*row)->is_repeatable) {
      if (++others < kMostRepetitions) continue;
      return fail(ErrorKind::invalid, fmt::format("\"{}\" is given more than {} times",
                                                  dialect.spell(directive.key), kMostRepetitions));
    }
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is given twice; the first one is in {}",
                            dialect.spell(directive.key), to_string(other.origin)));
  }
  const std::size_t count = directive.arguments.size();
  if (count < (*row)->min_arguments || count > (*row)->max_arguments) {
    return fail(ErrorKind::invalid,
                fmt::format("invalid number of arguments in \"{}\"; write {}",
                            dialect.spell(directive.key), form_of(**row, dialect)));
  }
  auto checked = check_texts(directive.arguments);
  Values scratch;
  if (checked) checked = (*row)->parse(directive, scratch);
  if (!checked) return fail_with(std::move(checked), dialect.spell(directive.key));
  into.push_back(std::move(directive));
  return {};
}

}  // namespace ccm::config
