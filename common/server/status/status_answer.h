// SPDX-License-Identifier: Apache-2.0
// Answers a request for the server's status: the page for people, JSON and OpenMetrics for
// machines. A pure function of the request and the report's sources, so that the modules only pass
// it on. The server's own configuration decides who may ask.
//
//   what         ?format=                  the path ends in     Accept
//   page         html                      .html                text/html
//   JSON         json                      json                 application/json
//   OpenMetrics  openmetrics               openmetrics          application/openmetrics-text
//   Prometheus   prometheus                metrics              text/plain
//
// The leftmost of the three that is given decides; a path that ends in "metrics" gives OpenMetrics
// to clients that accept it. Page and JSON take q=TEXT (part of a certificate's name, or of one of
// its server names), state=CONDITION|LEVEL and page=N per_page=N.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "server/status/status_report.h"

namespace ccm::server {

struct StatusRequest {
  std::string_view method;
  std::string_view path;
  std::string_view query;  // without the question mark, percent-encoded
  std::string_view accept;
};

struct StatusAnswer {
  unsigned status = 200;
  std::string type;  // Content-Type
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // also for HEAD, whose answer has the same length
};

StatusAnswer answer_status(const StatusRequest& request, const StatusSources& sources, Time now,
                           SteadyTime steady);

// A few lines for mod_status' own page, and for its machine-readable form.
std::string status_section(const StatusReport& report);
std::string status_lines(const StatusReport& report);

}  // namespace ccm::server
