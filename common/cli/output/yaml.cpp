// SPDX-License-Identifier: Apache-2.0
#include "cli/output/yaml.h"

#include <string_view>

namespace ccm::cli {
namespace {

using cloud::JsonView;

// What can stand behind "key:" on its line.
std::string inline_form(const JsonView& value) {
  if (!value.exists()) return "null";
  return std::string(value.pretty().reveal());
}

// Scalars, and what has nothing in it.
bool is_inline(const JsonView& value) {
  return value.is_array() ? value.elements().empty() : value.members().empty();
}

void write(const JsonView& value, std::size_t depth, std::string& out) {
  const std::string indent(2 * depth, ' ');
  if (value.is_object()) {
    for (const auto& [key, member] : value.entries()) {
      out += indent + key + ":";
      if (is_inline(member)) {
        out += " " + inline_form(member) + "\n";
      } else {
        out += "\n";
        write(member, depth + 1, out);
      }
    }
    return;
  }
  for (const JsonView& element : value.elements()) {
    if (is_inline(element)) {
      out += indent + "- " + inline_form(element) + "\n";
      continue;
    }
    // The first line of the element stands behind the dash.
    std::string inner;
    write(element, depth + 1, inner);
    inner.replace(2 * depth, 2, "- ");
    out += inner;
  }
}

}  // namespace

std::string as_yaml(const JsonView& value) {
  if (is_inline(value)) return inline_form(value) + "\n";
  std::string out;
  write(value, 0, out);
  return out;
}

}  // namespace ccm::cli
