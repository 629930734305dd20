// SPDX-License-Identifier: Apache-2.0
// Calls operations of the catalogue by name, at one endpoint. The typed clients (scm.h, pca.h) use
// it. Method, path, permission and limits come from the catalogue, so that the service is described
// in one place.
//
// Thread-safe as far as Session is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "cloud/api/paging.h"
#include "cloud/api/request_builder.h"
#include "cloud/identity/session.h"
#include "cloud/reply/json.h"

namespace ccm::cloud {

class ApiClient {
 public:
  ApiClient(Session& session, std::string endpoint)
      : session_(session), endpoint_(std::move(endpoint)) {}

  // The body of a 2xx answer. `invalid` without a call when the arguments break a limit of the
  // catalogue. `operation`: its full name, "scm.ListCertificates".
  Result<Secret> send(std::string_view operation, const Arguments& arguments) const;
  // The same, read as JSON.
  Result<JsonDocument> call(std::string_view operation, const Arguments& arguments) const;
  // The records of a list that comes in pages, at most `at_most`, as far as both orders show them
  // (paging.h). `transient` when that takes longer than `longest` in all; each call has its own
  // limit.
  Result<Listing> list(std::string_view operation, const Arguments& arguments, std::size_t at_most,
                       Seconds longest) const;

 private:
  Session& session_;
  std::string endpoint_;
};

}  // namespace ccm::cloud
