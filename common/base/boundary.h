// SPDX-License-Identifier: Apache-2.0
// The barrier between C++ and the C program that calls it. Every callback that a server, OpenSSL or
// curl calls is `noexcept` and runs its body through `at_boundary`: whatever escapes the body turns
// into the callback's own failure value, and is reported through `on_failure`.
//
//   static int on_certificate(SSL* ssl, void* arg) noexcept {
//     return at_boundary(0, report, [&] { return serve(ssl, arg); });
//   }
#pragma once

#include <exception>
#include <utility>

namespace ccm {

template <typename Value, typename OnFailure, typename Body>
Value at_boundary(Value failure_value, OnFailure&& on_failure, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& error) {
    on_failure(error.what());
  } catch (...) {
    on_failure("an exception of unknown type");
  }
  return failure_value;
}

}  // namespace ccm
