// SPDX-License-Identifier: Apache-2.0
// The answer of a check in the form that monitoring systems read: one line, performance data behind
// a bar, more lines only when they are asked for (Monitoring Plugins' development guidelines,
// "Plugin Output for Nagios"). Pure.
#pragma once

#include <string>
#include <string_view>

#include "cli/survey/served_report.h"

namespace ccm::cli {

// "CCM OK - 3 certificates, www expires in 62 d | 'www'=62d;20:;7: …", with its line end.
std::string plugin_line(const Survey& survey);
// A line for each handshake and for each server with something wrong.
std::string plugin_details(const Survey& survey);
// "CCM UNKNOWN - …": there is nothing to be told.
std::string plugin_failure(std::string_view sentence);

}  // namespace ccm::cli
