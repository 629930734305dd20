// SPDX-License-Identifier: Apache-2.0
// The table of directives: the single list of what can be configured. The modules make their tables
// from it, `ccmctl agent` reads its file by it, and the reference documentation is made from it.
//
// A new directive is a row in table.cpp and a member in values.h. Constant; any thread, any
// process.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/raw_settings.h"

namespace ccm::config {

struct Values;

enum class Scope : std::uint8_t { global, certificate, both };

// Which arguments of a directive are paths.
enum class PathArguments : std::uint8_t {
  none,
  all,
  file_value,    // of "file=PATH"
  trust_value,   // of "trust=PATH", a path if there is a slash in it, among other words
  store_values,  // of "key=PATH" and the other words of "store" that name files
};

struct Directive {
  std::string_view key;  // nginx spelling: "renew_before"
  Scope scope;
  unsigned min_arguments;
  unsigned max_arguments;  // kMany: no upper limit
  std::string_view form;   // the right form, for sentences: "renew_before 33% | 30d"
  // Parses the arguments into their place. Their number has been checked. The error says what is
  // wrong with the value, without the directive's name.
  Result<void> (*parse)(const RawDirective& directive, Values& values);
  PathArguments paths = PathArguments::none;
  bool is_repeatable = false;  // may be given more than once; each one counts
};
inline constexpr unsigned kMany = ~0U;

// Every directive of the ccm block and of a certificate block, sorted by key.
std::span<const Directive> directives() noexcept;
// nullptr for an unknown key.
const Directive* find_directive(std::string_view key) noexcept;
// The values of directives that were accepted before (values.h).
Result<Values> parse_values(const std::vector<RawDirective>& directives);

// The arguments with each path replaced by `resolve(path)`. For servers, which have their own rule
// for relative paths; Settings takes absolute paths only.
std::vector<std::string> with_paths(
    const Directive& directive, std::vector<std::string> arguments,
    const std::function<std::string(const std::string& path)>& resolve);

}  // namespace ccm::config
