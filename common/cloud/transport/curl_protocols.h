// SPDX-License-Identifier: Apache-2.0
// A curl handle, and a limit of its protocols in the way that this curl understands. Any thread.
#pragma once

#include <curl/curl.h>

#include <cstdint>

#include "base/handle.h"

namespace ccm::cloud {

using CurlHandle = Handle<CURL, curl_easy_cleanup>;

enum class Protocols : std::uint8_t { https, http_and_https };

// Allows these protocols only, until curl_easy_reset.
void limit_protocols(CURL* handle, Protocols allowed) noexcept;

}  // namespace ccm::cloud
