// SPDX-License-Identifier: Apache-2.0
// JSON as the services answer it, read tolerantly (docs/design/differences.md, "How we decide"):
// unknown fields are ignored, numbers may arrive as strings and strings as numbers, null is absent.
// And JSON as we send it: compact UTF-8.
//
// A document and the views into it belong to one thread. Everything jansson allocates is wiped when
// freed, because answers carry private keys and requests carry passwords.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "cloud/reply/json_size.h"

struct json_t;

namespace ccm::cloud {

// Makes jansson use memory that is wiped. To be called before the first object is made; calling it
// again does no harm.
void use_wiping_json();

enum class JsonKind : std::uint8_t { absent, object, array, text, integer, real, flag };

// Borrowed from its document. Every accessor of an absent or ill-typed value gives the empty
// answer, so a chain such as `reply["token"]["project"]["id"].text()` needs no checks in between.
class JsonView {
 public:
  JsonView() = default;
  explicit JsonView(const json_t* value) : value_(value) {}

  // Absent and null are the same.
  bool exists() const noexcept;
  bool is_object() const noexcept;
  bool is_array() const noexcept;
  JsonKind kind() const noexcept;
  JsonView operator[](std::string_view key) const;
  // The elements of an array; a single object counts as an array of one, nothing as none.
  std::vector<JsonView> elements() const;
  // The member values of an object, in the order received.
  std::vector<JsonView> members() const;
  // The same with their names.
  std::vector<std::pair<std::string, JsonView>> entries() const;

  // A string as it is, a number in decimal, a boolean as "true" or "false"; empty otherwise.
  std::string text() const;
  // A string's bytes, without an unwiped copy in between; empty for anything else.
  Secret secret() const;
  // A whole number or a string of decimal digits.
  std::optional<std::int64_t> integer() const noexcept;
  // Any of the services' forms (api_time.h).
  std::optional<Time> time() const noexcept;
  // The value as JSON text on several lines, with two blanks per level; characters that a terminal
  // would not show as they are become \uXXXX.
  Secret pretty() const;

 private:
  friend class JsonBody;

  const json_t* value_ = nullptr;
};

class JsonDocument {
 public:
  // `transient` when the text is not one complete JSON object or array, or larger than an answer
  // may be (json_size.h): a service that garbles an answer does not do so for ever. Whole numbers
  // beyond 64 bits are read as if they were not there.
  static Result<JsonDocument> parse(std::string_view text,
                                    std::size_t most_values = kMostJsonValues);

  JsonView root() const noexcept { return JsonView(root_.get()); }
  JsonView operator[](std::string_view key) const { return root()[key]; }

 private:
  struct Release {
    void operator()(json_t* value) const noexcept;
  };
  explicit JsonDocument(json_t* root) : root_(root) {}

  std::unique_ptr<json_t, Release> root_;
};

// An object under construction.
class JsonObject {
 public:
  JsonObject();
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(JsonObject&&) noexcept;
  ~JsonObject();

  JsonObject& set(const char* key, std::string_view text);
  JsonObject& set_number(const char* key, std::int64_t number);
  JsonObject& set_flag(const char* key, bool flag);
  JsonObject& set_object(const char* key, JsonObject object);
  JsonObject& set_texts(const char* key, const std::vector<std::string>& texts);
  JsonObject& set_objects(const char* key, std::vector<JsonObject> objects);

  // `invalid` when a text in it was not UTF-8. The caller wipes the string when it holds a secret.
  Result<std::string> dump() const;

 private:
  void attach(const char* key, json_t* value);

  json_t* object_;
  bool complete_ = true;
};

}  // namespace ccm::cloud
