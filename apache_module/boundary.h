// SPDX-License-Identifier: Apache-2.0
// Where httpd's C meets the module's C++: objects in pools, words of directives, messages and the
// barrier that no exception crosses. The log may be written to by every thread of every process;
// the rest is called in the parent, which has one thread, while configuration is loaded.
#pragma once

#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ap_api.h"
#include "base/boundary.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"

namespace ccm::apache {

// The error log of the main server, for the core; always that of the current configuration.
class HttpdLog final : public Log {
 public:
  void write(Severity severity, std::string_view line) noexcept override;
  // Nothing above `severity` is written from now on, whatever LogLevel says.
  void limit_to(Severity severity) noexcept { most_verbose_ = severity; }

 private:
  Severity most_verbose_ = Severity::debug;
};

// The words of a directive's arguments, quotes taken off as httpd does.
std::vector<std::string> words_of(apr_pool_t* pool, const char* arguments);
config::Origin origin_of(const ap_directive_t& directive);

// What a directive's handler returns: nullptr, or the sentence, to which httpd adds the place.
const char* answer(const cmd_parms* cmd, const Result<void>& result);

// A C++ object that lives as long as the pool.
template <typename T, typename... Args>
T* create_in(apr_pool_t* pool, Args&&... args) {
  static_assert(alignof(T) <= 8, "pool memory is aligned for eight bytes only");
  T* object = ::new (apr_palloc(pool, sizeof(T))) T(std::forward<Args>(args)...);
  // Armed only now: a pool that dies after a failed construction must not destroy anything.
  const auto destroy = [](void* data) noexcept -> apr_status_t {
    static_cast<T*>(data)->~T();
    return APR_SUCCESS;
  };
  apr_pool_cleanup_register(pool, object, destroy, apr_pool_cleanup_null);
  return object;
}

// The body of a directive's handler.
template <typename Body>
const char* directive_boundary(const cmd_parms* cmd, Body&& body) noexcept {
  const char* escaped = nullptr;
  const char* answered = at_boundary(
      escaped, [&](const char* what) { escaped = apr_pstrdup(cmd->pool, what); },
      [&] { return answer(cmd, std::forward<Body>(body)()); });
  return escaped != nullptr ? escaped : answered;
}

// The body of a hook.
template <typename Value, typename Body>
Value hook_boundary(Value failure_value, Body&& body) noexcept {
  return at_boundary(
      failure_value, [](const char* what) { HttpdLog().write(Severity::crit, what); },
      std::forward<Body>(body));
}

}  // namespace ccm::apache
