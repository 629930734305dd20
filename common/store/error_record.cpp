// SPDX-License-Identifier: Apache-2.0
#include "store/error_record.h"

#include <string>
#include <utility>

namespace ccm::store {

void add_error(Record& record, const Error& error) {
  record.add("error_kind", to_string(error.kind()));
  record.add("error_message", error.message());
  if (!error.code().empty()) record.add("error_code", error.code());
  if (!error.request_id().empty()) record.add("error_request_id", error.request_id());
  if (const auto wait = error.retry_after()) {
    record.add("error_retry_after", std::to_string(wait->count()));
  }
}

Result<Error> read_error(const Record& record) {
  const auto kind = parse_error_kind(record.find("error_kind").value_or(""));
  const auto message = record.find("error_message");
  if (!kind || !message) return fail(ErrorKind::invalid, "the error is missing or incomplete");
  Error error(*kind, std::string(*message));
  error = std::move(error).with_code(std::string(record.find("error_code").value_or("")),
                                     std::string(record.find("error_request_id").value_or("")));
  if (const auto wait = record.find_number("error_retry_after")) {
    error = std::move(error).with_retry_after(std::chrono::seconds(*wait));
  }
  return error;
}

}  // namespace ccm::store
