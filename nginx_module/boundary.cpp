// SPDX-License-Identifier: Apache-2.0
#include "boundary.h"

#include "base/text.h"

namespace ccm::nginx {

void NginxLog::write(Severity severity, std::string_view line) noexcept {
  // nginx counts from 1, and 0 is its "stderr".
  const auto level = static_cast<ngx_uint_t>(severity) + NGX_LOG_EMERG;
  ngx_log_t* log = cycle_->log;
  at_boundary(
      0, [](const char*) {},
      [&] {
        // Uses the macro, because the function behind it takes one argument more in Angie.
        ngx_log_error(level, log, 0, "ccm: %s", printable(line).c_str());
        return 0;
      });
}

std::vector<std::string> words_of(const ngx_conf_t* cf) {
  const auto* words = static_cast<const ngx_str_t*>(cf->args->elts);
  std::vector<std::string> texts;
  for (ngx_uint_t i = 0; i < cf->args->nelts; ++i) texts.push_back(to_string(words[i]));
  return texts;
}

config::Origin make_origin(const u_char* file, ngx_uint_t line) {
  return {file == nullptr ? "command line" : reinterpret_cast<const char*>(file),
          static_cast<unsigned>(line)};
}

config::Origin origin_of(const ngx_conf_t* cf) {
  return make_origin(cf->conf_file->file.name.data, cf->conf_file->line);
}

char* report(ngx_conf_t* cf, std::string_view sentence) noexcept {
  return at_boundary(
      kConfError, [](const char*) {},
      [&] {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", printable(sentence).c_str());
        return kConfError;
      });
}

char* report_complete(ngx_conf_t* cf, std::string_view sentence) noexcept {
  return at_boundary(
      kConfError, [](const char*) {},
      [&] {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s", printable(sentence).c_str());
        return kConfError;
      });
}

}  // namespace ccm::nginx
