// SPDX-License-Identifier: Apache-2.0
// A curl handle, and which protocols it speaks, said as the curl at hand understands it. Any
// thread.
#pragma once

#include <curl/curl.h>

#include <cstdint>

#include "base/handle.h"

namespace ccm::cloud {

using CurlHandle = Handle<CURL, curl_easy_cleanup>;

enum class Protocols : std::uint8_t { https, http_and_https };

// Every other protocol of curl's is refused from now on, until curl_easy_reset.
void limit_protocols(CURL* handle, Protocols allowed) noexcept;

}  // namespace ccm::cloud
