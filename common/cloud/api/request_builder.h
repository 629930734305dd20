// SPDX-License-Identifier: Apache-2.0
// Makes the exact request from an operation and its arguments: path and query encoded, the body in
// the types that the vendor's SDK sends, everything checked before it is sent. Also removes secrets
// from a request that is shown to people. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cloud/api/catalogue.h"
#include "cloud/identity/session.h"

namespace ccm::cloud {

// One parameter by name: "limit", "validity.type", "tags[0].key". A list of texts takes its name as
// often as it has elements. Numbers and flags are given as text.
struct Argument {
  std::string name;
  Secret value;
};

struct Arguments {
  std::vector<Argument> parameters;
  // The whole body. Fields among the parameters are set in it.
  std::optional<Secret> body;
  // Texts of the body that are sent as spelled here, and not as the catalogue of operations spells
  // the choice.
  std::vector<std::pair<std::string, std::string>> spellings = {};

  // Adds a parameter; the value is copied.
  Arguments& with(std::string_view name, std::string_view value);
};

// The request without its endpoint. `invalid` with a sentence (parameter_check.h).
Result<ApiRequest> build_request(const Operation& operation, const Arguments& arguments);

// The catalogue's entry for a parameter as it was given: "tags[0].key", or an element of a list of
// texts. nullptr when there is none.
const Parameter* find_given(const Operation& operation, std::string_view name);

// Whether a field of that name holds a key, password or token, in any object or list.
bool is_secret_name(std::string_view name) noexcept;
// The body without private keys, passwords and tokens; on one line.
std::string showable_body(const Operation& operation, std::string_view body);
// A header's value, without anything that authenticates.
std::string showable_header(std::string_view name, std::string_view value);

}  // namespace ccm::cloud
