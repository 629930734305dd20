// SPDX-License-Identifier: Apache-2.0
// `Result<T>`: a value or an `Error`, and the compiler complains when it is dropped
// (tl::expected alone is not [[nodiscard]]).
//
//   Result<Certificate> leaf = parse_certificate(der);
//   if (!leaf) return fail(std::move(leaf).error().with_context("leaf"));
//   use(*leaf);
//
// Plain value type: any thread, any process.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace ccm {

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Failure = tl::unexpected<Error>;

inline Failure fail(Error error) {
  return Failure(std::move(error));
}

inline Failure fail(ErrorKind kind, std::string message) {
  return Failure(Error(kind, std::move(message)));
}

// The error of a failed result, moved out with context in front, ready to be returned.
template <typename T>
Failure fail_with(Result<T>&& failed, std::string_view context) {
  return Failure(std::move(failed).error().with_context(context));
}

// The error of a failed result, moved out unchanged, ready to be returned as another Result.
template <typename T>
Failure pass(Result<T>&& failed) {
  return Failure(std::move(failed).error());
}

}  // namespace ccm
