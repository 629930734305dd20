// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/curl_protocols.h"

// From curl 7.85 on, a list of names replaces the set of bits. A test compiles this file with the
// version of an older curl.
#ifndef CCM_CURL_VERSION
#define CCM_CURL_VERSION LIBCURL_VERSION_NUM
#endif

namespace ccm::cloud {

#if CCM_CURL_VERSION >= 0x075500
void limit_protocols(CURL* handle, Protocols allowed) noexcept {
  const bool is_http_allowed = allowed == Protocols::http_and_https;
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, is_http_allowed ? "http,https" : "https");
}
#else
void limit_protocols(CURL* handle, Protocols allowed) noexcept {
  const bool is_http_allowed = allowed == Protocols::http_and_https;
  const long protocols = CURLPROTO_HTTPS | (is_http_allowed ? CURLPROTO_HTTP : 0L);
  // By number, because newer headers warn about the name.
  constexpr auto kProtocols = static_cast<CURLoption>(181);  // CURLOPT_PROTOCOLS
  curl_easy_setopt(handle, kProtocols, protocols);
}
#endif

}  // namespace ccm::cloud
