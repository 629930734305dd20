// SPDX-License-Identifier: Apache-2.0
// Where nginx's C meets the module's C++: objects in pools, text, messages and the barrier that no
// exception crosses. Called while configuration is loaded and by every process afterwards; nginx
// has one thread per process.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/boundary.h"
#include "base/log.h"
#include "config/config.h"
#include "ngx_api.h"

namespace ccm::nginx {

// nginx's error log for the core: the log that the cycle has at the moment (while the configuration
// is read, that of the cycle before). Lives as long as the cycle.
class NginxLog final : public Log {
 public:
  explicit NginxLog(const ngx_cycle_t* cycle) : cycle_(cycle) {}
  void write(Severity severity, std::string_view line) noexcept override;

 private:
  const ngx_cycle_t* cycle_;
};

inline std::string to_string(const ngx_str_t& text) {
  return {reinterpret_cast<const char*>(text.data), text.len};
}

// A text that outlives the server's last configuration; nginx does not write through it.
inline ngx_str_t as_nginx(std::string_view text) {
  return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}

// The words of the directive that is being read, its name first.
std::vector<std::string> words_of(const ngx_conf_t* cf);
// A place as nginx keeps it; no file: a directive of `nginx -g`.
config::Origin make_origin(const u_char* file, ngx_uint_t line);
// Where the directive that is being read was written.
config::Origin origin_of(const ngx_conf_t* cf);

// Logs an [emerg] line that ends in the place being read. A directive's handler returns what this
// returns.
char* report(ngx_conf_t* cf, std::string_view sentence) noexcept;
// The same for a sentence that already names its place.
char* report_complete(ngx_conf_t* cf, std::string_view sentence) noexcept;

// nginx's values for "all is well" and "it was already reported".
inline char* const kConfOk = nullptr;
inline char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

// A C++ object that lives as long as the pool; nullptr when there is no memory.
template <typename T, typename... Args>
T* create_in(ngx_pool_t* pool, Args&&... args) noexcept {
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, sizeof(T));
  if (cleanup == nullptr) return nullptr;
  static_assert(alignof(T) <= NGX_ALIGNMENT, "pool memory is aligned for machine words only");
  return at_boundary(
      static_cast<T*>(nullptr), [](const char*) {},
      [&] {
        T* object = ::new (cleanup->data) T(std::forward<Args>(args)...);
        // Armed only now: a pool that dies after a failed construction must not destroy anything.
        cleanup->handler = [](void* data) { static_cast<T*>(data)->~T(); };
        return object;
      });
}

// The body of a directive's handler.
template <typename Body>
char* conf_boundary(ngx_conf_t* cf, Body&& body) noexcept {
  return at_boundary(
      kConfError, [cf](const char* what) { report(cf, what); }, std::forward<Body>(body));
}

}  // namespace ccm::nginx
