// SPDX-License-Identifier: Apache-2.0
// Selects certificates of a report, and renders the report as page, JSON or metrics. Values and
// pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/status/status_report.h"

namespace ccm::server {

struct StatusFilter {
  std::string text;   // part of a name, in lower case; empty: all
  std::string state;  // a condition, a level or "trouble" (not good); empty: all
  std::size_t page = 1;
  std::size_t per_page = 0;  // 0: all on one page
};

struct StatusPage {
  std::vector<const CertificateReport*> certificates;
  std::size_t matching = 0;
  std::size_t page = 1;
  std::size_t pages = 1;
};
// A page number that is too high gives the last page.
StatusPage select(const StatusReport& report, const StatusFilter& filter);

std::string render_json(const StatusReport& report, const StatusFilter& filter);
std::string render_page(const StatusReport& report, const StatusFilter& filter);
enum class MetricsForm : std::uint8_t { prometheus, openmetrics };
std::string render_metrics(const StatusReport& report, MetricsForm form);

std::string_view to_string(publication::Identity identity) noexcept;

}  // namespace ccm::server
