// SPDX-License-Identifier: Apache-2.0
// An operation of the emulated cloud as a table entry: method, path, parameters and handler.
// The tables are constant after start.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "iam/authentication.h"
#include "json.h"
#include "service/message.h"
#include "text.h"

namespace emulator {

struct World;
struct Operation;

enum class Service { iam, sts, scm, pca, apig, dns, metadata, admin, pki };
const char* name_of(Service service);

// One call of an operation while it is handled.
struct Call {
  World& world;
  const Request& request;
  const Operation& operation;
  Caller caller;
  std::map<std::string, std::string> path;  // decoded values of the template's parts
  Pairs query;
  json body;    // object; null when there was no body or the operation has none
  json effect;  // of the armed fault; object

  // Values of checked parameters; a query value wins over none, never over the body.
  std::optional<std::string> text(const std::string& name) const;
  std::int64_t number(const std::string& name, std::int64_t standard) const;
  bool flag(const std::string& name, bool standard) const;
  bool has_effect(const char* name) const;
};

struct Parameter {
  enum class Place { query, body };
  enum class Type { text, number, flag, list, object };

  Place place;
  Type type;
  std::string name;
  std::string code;  // error code when it is wrong; empty: the service's general one
  bool required = false;
  std::int64_t minimum = 0;  // length of a text, value of a number, elements of a list
  std::int64_t maximum = INT64_MAX;
  std::vector<std::string> values = {};  // empty: any; compared without case when ignore_case
  bool ignore_case = false;
  std::int64_t element_minimum = 0;  // length of each text in a list
  std::int64_t element_maximum = INT64_MAX;
  std::vector<Parameter> fields = {};  // members of an object, or of each object in a list

  Parameter must() &&;
  Parameter within(std::int64_t least, std::int64_t most) &&;
  Parameter each(std::int64_t least, std::int64_t most) &&;
  Parameter of(std::vector<Parameter> members) &&;
  Parameter one_of(std::vector<std::string> allowed) &&;
  Parameter any_case() &&;
  Parameter refused_as(std::string error_code) &&;
};

Parameter query_text(std::string name);
Parameter query_number(std::string name);
Parameter query_flag(std::string name);
Parameter body_text(std::string name);
Parameter body_number(std::string name);
Parameter body_flag(std::string name);
Parameter body_list(std::string name);
Parameter body_object(std::string name);

struct Operation {
  enum class Access { signed_or_token, open };
  using Handler = Reply (*)(Call&);

  Service service;
  std::string id;
  std::string method;
  std::string path;  // {name} stands for one segment
  Handler handler;
  std::vector<Parameter> parameters = {};
  Access access = Access::signed_or_token;
  bool list_body = false;  // the body is a list whose elements have the body's parameters
  // Among operations of one method and path: whether this one is meant; null: it always is.
  bool (*chosen)(const json& body) = nullptr;
};

using Operations = std::vector<Operation>;

// Throws Refusal for the first parameter that is missing or wrong.
void check_parameters(const Call& call);

Reply json_reply(int status, const json& body);
Reply empty_reply(int status);
std::string to_text(const json& document);

}  // namespace emulator
