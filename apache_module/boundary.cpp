// SPDX-License-Identifier: Apache-2.0
#include "boundary.h"

#include "base/text.h"

APLOG_USE_MODULE(ccm);

namespace ccm::apache {

void HttpdLog::write(Severity severity, std::string_view line) noexcept {
  if (severity > most_verbose_) return;
  at_boundary(
      0, [](const char*) {},
      [&] {
        // Both count like syslog.
        ap_log_error(APLOG_MARK, static_cast<int>(severity), APR_SUCCESS, ap_server_conf, "%s",
                     printable(line).c_str());
        return 0;
      });
}

std::vector<std::string> words_of(apr_pool_t* pool, const char* arguments) {
  std::vector<std::string> words;
  while (*arguments != '\0') words.emplace_back(ap_getword_conf(pool, &arguments));
  return words;
}

config::Origin origin_of(const ap_directive_t& directive) {
  return {directive.filename, static_cast<unsigned>(directive.line_num)};
}

const char* answer(const cmd_parms* cmd, const Result<void>& result) {
  if (result) return nullptr;
  return apr_pstrdup(cmd->pool, printable(result.error().message()).c_str());
}

}  // namespace ccm::apache
