// SPDX-License-Identifier: Apache-2.0
// Parts of the status page: text escaped for HTML, times in words, and the row of one certificate.
// Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "server/status/status_report.h"

namespace ccm::server {

std::string html(std::string_view text);
// "in 3d 4h", "2h 5m ago", "now".
std::string away(Time time, Time now);
// The same as an HTML element that also holds the exact time; "never" for 1970.
std::string time_element(Time time, Time now);
std::string word_element(Health level, std::string_view word);
std::string certificate_row(const CertificateReport& certificate, Time now);

}  // namespace ccm::server
