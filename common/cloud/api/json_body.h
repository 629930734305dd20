// SPDX-License-Identifier: Apache-2.0
// JSON that is put together field by field, each named by its path: "validity.type",
// "tags[0].key", "[1].resource_id". For request bodies whose form is data (catalogue.h).
//
// One thread. What jansson allocates for it is wiped when freed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cloud/reply/json.h"

namespace ccm::cloud {

class JsonBody {
 public:
  // A text is borrowed for the call.
  using Scalar = std::variant<std::string_view, std::int64_t, bool>;

  JsonBody();  // an empty object
  static JsonBody array();
  // `invalid` when the text is not one JSON object or array.
  static Result<JsonBody> parse(std::string_view text);
  // A copy of an object or array, independent of its document.
  static JsonBody copy_of(const JsonView& value);

  // Sets the value at the path, and makes objects and lists on the way; a list grows by at most one
  // element. `invalid` when the path is malformed or leads through something that is neither object
  // nor list.
  Result<void> set(std::string_view path, const Scalar& value);
  // Adds an element to the list at the path.
  Result<void> append(std::string_view path, std::string_view value);
  // Replaces the list of that name by copies of these elements.
  void set_list(const std::string& name, const std::vector<JsonView>& elements);

  JsonView root() const noexcept { return JsonView(root_.get()); }
  // Replaces the text of a view of this body, at the same place.
  static void replace_text(const JsonView& view, std::string_view text);
  // Compact UTF-8.
  Secret dump() const;

 private:
  struct Release {
    void operator()(json_t* value) const noexcept;
  };
  explicit JsonBody(json_t* root) : root_(root) {}

  std::unique_ptr<json_t, Release> root_;
};

}  // namespace ccm::cloud
