// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/ascii_name.h"

#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace ccm::crypto {
namespace {

constexpr std::string_view kWildcard = "*.";
// Far longer than any name; the conversion takes more than linear time.
constexpr std::size_t kLongest = 1024;

struct FreeText {
  void operator()(char* text) const noexcept { idn2_free(text); }
};

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

std::string without_end_dot(std::string name) {
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  return name;
}

Failure no_such_form(std::string_view name, std::string_view problem) {
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" has no xn-- form: {}", printable(cut(name, kLongest)), problem));
}

}  // namespace

Result<std::string> to_ascii_name(std::string_view name) {
  if (is_ascii(name)) return without_end_dot(to_lower(name));
  if (name.size() > kLongest) return no_such_form(name, "it is too long");
  const bool is_wild = name.starts_with(kWildcard);
  const std::string unicode(is_wild ? name.substr(kWildcard.size()) : name);
  if (unicode.find('\0') != std::string::npos) return no_such_form(name, "it contains a zero");
  char* converted = nullptr;
  const int code = idn2_to_ascii_8z(unicode.c_str(), &converted, IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, FreeText> ascii(converted);
  if (code != IDN2_OK) return no_such_form(name, idn2_strerror(code));
  return without_end_dot(fmt::format("{}{}", is_wild ? kWildcard : "", to_lower(ascii.get())));
}

}  // namespace ccm::crypto
