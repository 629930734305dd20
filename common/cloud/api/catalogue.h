// SPDX-License-Identifier: Apache-2.0
// Every operation of the services as data: what it is called, where it goes, which parameters it
// takes and within which limits. Made by scripts/generate-operation-table from the documents and
// the vendor's SDK; request_builder.h turns an entry and its arguments into a request. Constant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ccm::cloud {

enum class Service : std::uint8_t { scm, pca, apig, iam, sts };
std::string_view to_string(Service service) noexcept;

enum class Place : std::uint8_t { path, query, header, body };
enum class Type : std::uint8_t {
  text,
  digits,  // a text that holds a whole number; its limits are those of the number
  integer,
  flag,
  texts,    // a list of texts; `limits` are those of one
  object,   // its fields are rows of their own: "validity.type"
  objects,  // a list of objects: "tags[].key"
  map,      // an object with names of the caller's choice
};
// What goes into the request's body.
enum class Body : std::uint8_t { none, object, array, file };

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::min();
struct Limits {
  std::int64_t low;  // kNoLimit: none
  std::int64_t high;
};

struct Parameter {
  Place place;
  Type type;
  std::string_view name;
  bool is_mandatory;  // of a field: when the object around it is given
  bool is_secret;
  Limits limits;             // characters of a text, value of a number
  Limits count;              // elements of a list
  std::string_view pattern;  // of the whole text, as a regular expression; empty: any
  std::string_view choices;  // "ASC|DESC", as the SDK spells them; empty: any
  std::string_view description;
};

struct Operation {
  Service service;
  std::string_view id;  // unique within its service
  std::string_view method;
  std::string_view path;  // "/v3/scm/certificates/{certificate_id}"
  Body body;
  int success_status;           // 0: not documented, any 2xx
  std::string_view iam_action;  // the permission it needs; empty: not documented
  bool is_historical;           // of the API's previous version
  bool is_sdk_only;             // the documents do not mention it
  bool is_anonymous;            // needs no authentication
  std::size_t first_parameter;
  std::size_t parameter_count;
  std::string_view title;

  std::span<const Parameter> parameters() const noexcept;
  // By its name, list positions left out: "tags[].key". nullptr when there is none.
  const Parameter* find(std::string_view name) const noexcept;
  // "scm.ListCertificates", which is unique.
  std::string full_name() const;
};

// In the order of the documents.
std::span<const Operation> operations() noexcept;
// "scm.ShowCertificate" or "ShowCertificate", whatever the case. `invalid` for an unknown name,
// with the most similar one, and for one that several services have, with the services.
Result<const Operation*> find_operation(std::string_view name);

}  // namespace ccm::cloud
