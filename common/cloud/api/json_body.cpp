// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/json_body.h"

#include <fmt/format.h>
#include <jansson.h>

#include <optional>
#include <vector>

#include "base/text.h"
#include "cloud/transport/wiping_memory.h"

namespace ccm::cloud {
namespace {

// A step into an object or, without a key, into a list.
struct Step {
  std::string key;
  std::size_t position = 0;
};

// Far more than any list of the services has.
constexpr std::size_t kMostElements = 1000;

std::optional<std::vector<Step>> parse_path(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    if (path.front() == '[') {
      const auto end = path.find(']');
      if (end == std::string_view::npos) return std::nullopt;
      const auto position = parse_unsigned(path.substr(1, end - 1));
      if (!position || *position >= kMostElements) return std::nullopt;
      steps.push_back({.key = {}, .position = static_cast<std::size_t>(*position)});
      path.remove_prefix(end + 1);
    } else {
      const auto end = std::min(path.find_first_of(".["), path.size());
      if (end == 0) return std::nullopt;
      steps.push_back({.key = std::string(path.substr(0, end))});
      path.remove_prefix(end);
    }
    if (path.starts_with('.')) {
      path.remove_prefix(1);
      if (path.empty()) return std::nullopt;
    }
  }
  if (steps.empty()) return std::nullopt;
  return steps;
}

json_t* child(json_t* parent, const Step& step) {
  return step.key.empty() ? json_array_get(parent, step.position)
                          : json_object_get(parent, step.key.c_str());
}

// Takes ownership of the value in any case.
bool attach(json_t* parent, const Step& step, json_t* value) {
  if (!step.key.empty()) {
    if (json_is_object(parent)) return json_object_set_new(parent, step.key.c_str(), value) == 0;
  } else if (json_is_array(parent)) {
    if (step.position < json_array_size(parent)) {
      return json_array_set_new(parent, step.position, value) == 0;
    }
    if (step.position == json_array_size(parent)) return json_array_append_new(parent, value) == 0;
  }
  json_decref(value);
  return false;
}

Failure bad_path(std::string_view path) {
  return fail(ErrorKind::invalid,
              fmt::format("{}: there is no such place; elements of a list are counted from 0 "
                          "without gaps, as in tags[0].key",
                          printable(path)));
}

Result<void> put(json_t* root, std::string_view path, json_t* value) {
  if (value == nullptr) {
    return fail(ErrorKind::invalid, fmt::format("{}: the text is not UTF-8", printable(path)));
  }
  const auto steps = parse_path(path);
  json_t* at = root;
  for (std::size_t i = 0; steps && at != nullptr && i + 1 < steps->size(); ++i) {
    const Step& step = (*steps)[i];
    if (child(at, step) == nullptr) {
      json_t* made = (*steps)[i + 1].key.empty() ? json_array() : json_object();
      if (!attach(at, step, made)) {
        at = nullptr;
        break;
      }
    }
    at = child(at, step);
  }
  if (!steps || at == nullptr) {
    json_decref(value);
    return bad_path(path);
  }
  if (!attach(at, steps->back(), value)) return bad_path(path);
  return {};
}

json_t* make(const JsonBody::Scalar& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return json_stringn(text->data(), text->size());
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) return json_integer(*number);
  return json_boolean(std::get<bool>(value));
}

}  // namespace

void JsonBody::Release::operator()(json_t* value) const noexcept {
  json_decref(value);
}

JsonBody::JsonBody() {
  use_wiping_json();
  root_.reset(json_object());
}

JsonBody JsonBody::array() {
  use_wiping_json();
  return JsonBody(json_array());
}

Result<JsonBody> JsonBody::parse(std::string_view text) {
  use_wiping_json();
  json_error_t error;
  json_t* root = json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, &error);
  if (root != nullptr) return JsonBody(root);
  return fail(ErrorKind::invalid,
              fmt::format("the body is not JSON: line {}, column {}", error.line, error.column));
}

JsonBody JsonBody::copy_of(const JsonView& value) {
  use_wiping_json();
  return JsonBody(json_deep_copy(value.value_));
}

Result<void> JsonBody::set(std::string_view path, const Scalar& value) {
  return put(root_.get(), path, make(value));
}

Result<void> JsonBody::append(std::string_view path, std::string_view value) {
  const auto steps = parse_path(path);
  const json_t* list = root_.get();
  for (std::size_t i = 0; steps && i < steps->size(); ++i) {
    list = child(const_cast<json_t*>(list), (*steps)[i]);
  }
  const std::size_t size = list == root_.get() ? 0 : json_array_size(list);
  return put(root_.get(), fmt::format("{}[{}]", path, size), make(value));
}

void JsonBody::set_list(const std::string& name, const std::vector<JsonView>& elements) {
  json_t* list = json_array();
  for (const JsonView& element : elements) {
    json_array_append_new(list, json_deep_copy(element.value_));
  }
  json_object_set_new(root_.get(), name.c_str(), list);
}

void JsonBody::replace_text(const JsonView& view, std::string_view text) {
  // The view belongs to a body, which is not constant; only the view's type is.
  json_string_setn(const_cast<json_t*>(view.value_), text.data(), text.size());
}

Secret JsonBody::dump() const {
  char* text = json_dumps(root_.get(), JSON_COMPACT);
  if (text == nullptr) return {};
  Secret out = Secret::copy_of(std::string_view(text));
  wiping_free(text);
  return out;
}

}  // namespace ccm::cloud
