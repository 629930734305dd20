// SPDX-License-Identifier: Apache-2.0
// The time in an answer's header Date (RFC 9110, section 5.6.7). Pure.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace ccm::cloud {

// nullopt for anything but the form that every sender must use.
std::optional<Time> parse_http_date(const std::string& text);

}  // namespace ccm::cloud
