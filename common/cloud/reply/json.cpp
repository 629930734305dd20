// SPDX-License-Identifier: Apache-2.0
#include "cloud/reply/json.h"

#include <fmt/format.h>
#include <jansson.h>

#include <cmath>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "cloud/reply/api_time.h"
#include "cloud/transport/wiping_memory.h"

namespace ccm::cloud {
namespace {

std::string_view text_of(const json_t* value) noexcept {
  return {json_string_value(value), json_string_length(value)};
}

// Writes as JSON escapes what a terminal would not show as it is. jansson writes no control
// characters except line feeds between values.
Secret with_escapes(std::string_view json) {
  std::string out;
  // Reserved in advance, so that growing leaves no copy of a secret behind. An escape sequence has
  // six bytes.
  out.reserve(6 * json.size());
  while (!json.empty()) {
    const Utf8Character character = take_character(json);
    const char32_t value = character.value.value_or(0);
    if (value == U'\n' || is_visible(value)) {
      out += character.bytes;
    } else if (value > 0xFFFF) {
      const auto offset = static_cast<std::uint32_t>(value) - 0x10000U;
      out +=
          fmt::format("\\u{:04x}\\u{:04x}", 0xD800U + (offset >> 10U), 0xDC00U + (offset & 0x3FFU));
    } else {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(value));
    }
  }
  Secret escaped = Secret::copy_of(out);
  wipe(out);
  return escaped;
}

}  // namespace

void use_wiping_json() {
  static const bool kDone = [] {
    json_set_alloc_funcs(wiping_malloc, wiping_free);
    return true;
  }();
  static_cast<void>(kDone);
}

bool JsonView::exists() const noexcept {
  return value_ != nullptr && !json_is_null(value_);
}

bool JsonView::is_object() const noexcept {
  return json_is_object(value_);
}

bool JsonView::is_array() const noexcept {
  return json_is_array(value_);
}

JsonKind JsonView::kind() const noexcept {
  if (json_is_object(value_)) return JsonKind::object;
  if (json_is_array(value_)) return JsonKind::array;
  if (json_is_string(value_)) return JsonKind::text;
  if (json_is_integer(value_)) return JsonKind::integer;
  if (json_is_real(value_)) return JsonKind::real;
  return json_is_boolean(value_) ? JsonKind::flag : JsonKind::absent;
}

JsonView JsonView::operator[](std::string_view key) const {
  // jansson 2.14 wants the key zero-terminated; keys here are short literals.
  const std::string name(key);
  return JsonView(json_object_get(value_, name.c_str()));
}

std::vector<JsonView> JsonView::elements() const {
  std::vector<JsonView> all;
  if (json_is_object(value_)) all.push_back(*this);
  const std::size_t count = json_array_size(value_);
  for (std::size_t i = 0; i < count; ++i) all.emplace_back(json_array_get(value_, i));
  return all;
}

std::vector<JsonView> JsonView::members() const {
  std::vector<JsonView> all;
  for (const auto& [name, value] : entries()) all.push_back(value);
  return all;
}

std::vector<std::pair<std::string, JsonView>> JsonView::entries() const {
  std::vector<std::pair<std::string, JsonView>> all;
  // Iterating does not change the object; jansson's iterator is merely not declared const.
  auto* object = const_cast<json_t*>(value_);
  for (void* at = json_object_iter(object); at != nullptr; at = json_object_iter_next(object, at)) {
    all.emplace_back(json_object_iter_key(at), JsonView(json_object_iter_value(at)));
  }
  return all;
}

std::string JsonView::text() const {
  if (json_is_string(value_)) return std::string(text_of(value_));
  if (json_is_integer(value_)) return fmt::format("{}", json_integer_value(value_));
  if (json_is_real(value_)) return fmt::format("{}", json_real_value(value_));
  if (json_is_boolean(value_)) return json_is_true(value_) ? "true" : "false";
  return {};
}

Secret JsonView::secret() const {
  return json_is_string(value_) ? Secret::copy_of(text_of(value_)) : Secret();
}

std::optional<std::int64_t> JsonView::integer() const noexcept {
  if (json_is_integer(value_)) return json_integer_value(value_);
  if (json_is_real(value_)) {
    // Beyond this, a double is not exact for whole numbers.
    constexpr double kLimit = 9'007'199'254'740'992.0;
    const double number = std::trunc(json_real_value(value_));
    if (std::abs(number) > kLimit) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!json_is_string(value_)) return std::nullopt;
  const auto digits = parse_unsigned(trim(text_of(value_)));
  if (!digits || *digits > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(*digits);
}

std::optional<Time> JsonView::time() const noexcept {
  if (json_is_string(value_)) return parse_api_time(text_of(value_));
  const auto number = integer();
  return number ? time_from_number(*number) : std::nullopt;
}

Secret JsonView::pretty() const {
  constexpr std::size_t kIndent = 2;
  char* text = json_dumps(value_, JSON_INDENT(kIndent) | JSON_ENCODE_ANY);
  if (text == nullptr) return {};
  Secret out = with_escapes(text);
  wiping_free(text);
  return out;
}

void JsonDocument::Release::operator()(json_t* value) const noexcept {
  json_decref(value);
}

Result<JsonDocument> JsonDocument::parse(std::string_view text, std::size_t most_values) {
  use_wiping_json();
  if (auto size = check_json_size(text, most_values); !size) return pass(std::move(size));
  json_error_t error;
  json_t* root = json_loadb(text.data(), text.size(), 0, &error);
  // One number that is too large must not make the answer useless. It is read as a real number, and
  // integer() leaves it out.
  if (root == nullptr && json_error_code(&error) == json_error_numeric_overflow) {
    root = json_loadb(text.data(), text.size(), JSON_DECODE_INT_AS_REAL, &error);
  }
  if (root == nullptr) {
    // jansson's own text quotes the input, which may be a key: only the position is repeated.
    return fail(ErrorKind::transient,
                fmt::format("the answer is not JSON (line {}, column {}, of {} bytes)", error.line,
                            error.column, text.size()));
  }
  return JsonDocument(root);
}

JsonObject::JsonObject() {
  use_wiping_json();
  object_ = json_object();
}

JsonObject::JsonObject(JsonObject&& other) noexcept
    : object_(std::exchange(other.object_, nullptr)), complete_(other.complete_) {}

JsonObject& JsonObject::operator=(JsonObject&& other) noexcept {
  std::swap(object_, other.object_);
  std::swap(complete_, other.complete_);
  return *this;
}

JsonObject::~JsonObject() {
  json_decref(object_);
}

void JsonObject::attach(const char* key, json_t* value) {
  // Takes ownership of the value in any case. Fails for a null value, which comes from a text that
  // is not UTF-8.
  if (json_object_set_new(object_, key, value) != 0) complete_ = false;
}

JsonObject& JsonObject::set(const char* key, std::string_view text) {
  attach(key, json_stringn(text.data(), text.size()));
  return *this;
}

JsonObject& JsonObject::set_number(const char* key, std::int64_t number) {
  attach(key, json_integer(number));
  return *this;
}

JsonObject& JsonObject::set_flag(const char* key, bool flag) {
  attach(key, json_boolean(flag));
  return *this;
}

JsonObject& JsonObject::set_object(const char* key, JsonObject object) {
  complete_ = complete_ && object.complete_;
  attach(key, std::exchange(object.object_, nullptr));
  return *this;
}

JsonObject& JsonObject::set_texts(const char* key, const std::vector<std::string>& texts) {
  json_t* array = json_array();
  for (const auto& text : texts) {
    if (json_array_append_new(array, json_stringn(text.data(), text.size())) != 0)
      complete_ = false;
  }
  attach(key, array);
  return *this;
}

JsonObject& JsonObject::set_objects(const char* key, std::vector<JsonObject> objects) {
  json_t* array = json_array();
  for (auto& object : objects) {
    complete_ = complete_ && object.complete_;
    if (json_array_append_new(array, std::exchange(object.object_, nullptr)) != 0) {
      complete_ = false;
    }
  }
  attach(key, array);
  return *this;
}

Result<std::string> JsonObject::dump() const {
  if (!complete_) return fail(ErrorKind::invalid, "a text for the request is not UTF-8");
  char* text = json_dumps(object_, JSON_COMPACT);
  if (text == nullptr) return fail(ErrorKind::internal, "the request could not be written as JSON");
  std::string out(text);
  wiping_free(text);
  return out;
}

}  // namespace ccm::cloud
