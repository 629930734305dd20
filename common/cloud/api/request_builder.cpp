// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/request_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cloud/api/json_body.h"
#include "cloud/api/parameter_check.h"
#include "cloud/identity/signer.h"

namespace ccm::cloud {
namespace {

constexpr std::string_view kHidden = "(not shown)";

// "tags[0].key" -> "tags[].key", the name in the catalogue.
std::string without_positions(std::string_view name) {
  std::string out;
  bool is_inside = false;
  for (const char c : name) {
    if (c == ']') is_inside = false;
    if (!is_inside) out += c;
    if (c == '[') is_inside = true;
  }
  return out;
}

bool is_secret(const Operation& operation, std::string_view path, std::string_view name) {
  const Parameter* parameter = operation.find(path);
  return is_secret_name(name) || (parameter != nullptr && parameter->is_secret);
}

// Some lists and exports of the services are POSTs.
bool only_reads(const Operation& operation) {
  return operation.method == "GET" || operation.id.starts_with("List") ||
         operation.id.starts_with("Show") || operation.id.starts_with("Export");
}

class Builder {
 public:
  Builder(const Operation& operation, const Arguments& arguments)
      : operation_(operation), arguments_(arguments), path_(operation.path) {}

  Result<ApiRequest> build() {
    auto done = begin_body();
    for (const Argument& argument : arguments_.parameters) {
      if (done) done = take(argument);
    }
    if (done) done = check_presence();
    if (done) done = finish_body();
    if (!done) return pass(std::move(done));
    request_.method = operation_.method;
    request_.path = path_;
    request_.iam_action = operation_.iam_action;
    request_.operation = operation_.full_name();
    request_.is_anonymous = operation_.is_anonymous;
    request_.is_repeatable = only_reads(operation_);
    return std::move(request_);
  }

 private:
  Result<void> begin_body() {
    if (operation_.body == Body::array) body_ = JsonBody::array();
    if (!arguments_.body) return {};
    if (operation_.body == Body::none) {
      return fail(ErrorKind::invalid, fmt::format("{}: takes no body", operation_.id));
    }
    if (operation_.body == Body::file) return {};
    auto parsed = JsonBody::parse(arguments_.body->reveal());
    if (!parsed) return fail_with(std::move(parsed), operation_.id);
    body_ = std::move(*parsed);
    return {};
  }

  Result<void> take(const Argument& argument) {
    const Parameter* parameter = find_given(operation_, argument.name);
    if (parameter == nullptr) return unknown_parameter(operation_, argument.name);
    auto checked = check_value(operation_, *parameter, argument.value.reveal());
    if (!checked) return pass(std::move(checked));
    auto done = place(*parameter, argument.name, *checked);
    wipe(*checked);
    given_.push_back(parameter);
    return done;
  }

  Result<void> place(const Parameter& parameter, const std::string& name, std::string& value) {
    switch (parameter.place) {
      case Place::path: {
        const std::string mark = fmt::format("{{{}}}", parameter.name);
        const auto at = path_.find(mark);
        if (at != std::string::npos) path_.replace(at, mark.size(), percent_encode(value));
        return {};
      }
      case Place::query:
        request_.query.emplace_back(name, value);
        return {};
      case Place::header:
        request_.headers.emplace_back(name, value);
        return {};
      case Place::body:
        return set_field(parameter, name, value);
    }
    return {};
  }

  Result<void> set_field(const Parameter& parameter, const std::string& name,
                         const std::string& value) {
    Result<void> done;
    switch (parameter.type) {
      case Type::integer:
        done = body_.set(name, static_cast<std::int64_t>(std::stoll(value)));
        break;
      case Type::flag:
        done = body_.set(name, value == "true");
        break;
      case Type::texts:
        done = name.ends_with(']') ? body_.set(name, std::string_view(value))
                                   : body_.append(name, value);
        break;
      case Type::text:
      case Type::digits:
        done = body_.set(name, std::string_view(value));
        break;
      case Type::object:
      case Type::objects:
      case Type::map:
        return fail(
            ErrorKind::invalid,
            fmt::format("{}: {} has fields; give them one by one, as in {}.…, or the whole "
                        "body as a file",
                        operation_.id, parameter.name,
                        parameter.type == Type::objects ? fmt::format("{}[0]", parameter.name)
                                                        : std::string(parameter.name)));
    }
    if (!done) return fail_with(std::move(done), operation_.id);
    return {};
  }

  // check_body() checks the body.
  Result<void> check_presence() const {
    for (const Parameter& parameter : operation_.parameters()) {
      if (parameter.place == Place::body || !parameter.is_mandatory) continue;
      if (std::find(given_.begin(), given_.end(), &parameter) == given_.end()) {
        return missing_parameter(operation_, parameter);
      }
    }
    return {};
  }

  Result<void> finish_body() {
    if (operation_.body == Body::none) return {};
    if (operation_.body == Body::file) {
      if (!arguments_.body) {
        return fail(ErrorKind::invalid, fmt::format("{}: wants a file as its body", operation_.id));
      }
      request_.content_type = "application/octet-stream";
      request_.body = arguments_.body->reveal();
      return {};
    }
    if (auto checked = check_body(operation_, body_); !checked) return checked;
    for (const auto& [name, spelling] : arguments_.spellings) {
      JsonBody::replace_text(body_.root()[name], spelling);
    }
    request_.body = body_.dump().reveal();
    return {};
  }

  const Operation& operation_;
  const Arguments& arguments_;
  std::string path_;
  JsonBody body_;
  ApiRequest request_;
  std::vector<const Parameter*> given_;
};

// `is_hidden`: the value belongs to a list with a secret name.
void hide_secrets(const Operation& operation, const JsonView& value, const std::string& path,
                  bool is_hidden) {
  if (value.is_object()) {
    for (const auto& [key, field] : value.entries()) {
      const std::string inner = path.empty() ? key : fmt::format("{}.{}", path, key);
      hide_secrets(operation, field, inner, is_secret(operation, inner, key));
    }
  } else if (value.is_array()) {
    for (const JsonView& element : value.elements()) {
      hide_secrets(operation, element, path + "[]", is_hidden);
    }
  } else if (is_hidden && value.kind() == JsonKind::text) {
    JsonBody::replace_text(value, kHidden);
  }
}

}  // namespace

Arguments& Arguments::with(std::string_view name, std::string_view value) {
  parameters.push_back({std::string(name), Secret::copy_of(value)});
  return *this;
}

Result<ApiRequest> build_request(const Operation& operation, const Arguments& arguments) {
  return Builder(operation, arguments).build();
}

const Parameter* find_given(const Operation& operation, std::string_view name) {
  std::string known = without_positions(name);
  if (const Parameter* parameter = operation.find(known)) return parameter;
  if (!known.ends_with("[]")) return nullptr;
  known.resize(known.size() - 2);
  const Parameter* list = operation.find(known);
  return list != nullptr && list->type == Type::texts ? list : nullptr;
}

bool is_secret_name(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> kNames = {"secret",     "securitytoken",    "sk",
                                                      "secret_key", "private_key_sign", "passcode"};
  // The last two are envelopes around a key (SM2).
  constexpr std::array<std::string_view, 7> kEnds = {
      "private_key",       "password",      "passphrase",    "_token",
      "secret_access_key", "enveloped_key", "enveloped_data"};
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         std::any_of(kEnds.begin(), kEnds.end(), ends);
}

std::string showable_body(const Operation& operation, std::string_view body) {
  if (body.empty()) return {};
  if (operation.body == Body::file) return fmt::format("({} bytes of a file)", body.size());
  auto parsed = JsonBody::parse(body);
  if (!parsed) return std::string(kHidden);
  hide_secrets(operation, parsed->root(), "", false);
  return std::string(parsed->dump().reveal());
}

std::string showable_header(std::string_view name, std::string_view value) {
  if (equals_ignoring_case(name, "Authorization")) {
    const auto signature = value.find("Signature=");
    if (signature == std::string_view::npos) return std::string(kHidden);
    return fmt::format("{}Signature={}", value.substr(0, signature), kHidden);
  }
  constexpr std::array<std::string_view, 3> kTokens = {"X-Auth-Token", "X-Security-Token",
                                                       "X-Subject-Token"};
  const bool is_token = std::any_of(kTokens.begin(), kTokens.end(), [&](std::string_view token) {
    return equals_ignoring_case(name, token);
  });
  return std::string(is_token ? kHidden : value);
}

}  // namespace ccm::cloud
