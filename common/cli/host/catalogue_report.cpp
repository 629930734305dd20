// SPDX-License-Identifier: Apache-2.0
#include "cli/host/catalogue_report.h"

#include <fmt/format.h>

namespace ccm::cli {

std::string describe(const store::SelectionReport& report) {
  if (report.looked_at == Time{}) {
    return fmt::format("{}; the account has not been seen yet{}{}",
                       report.stored == 0 ? "nothing is stored of it, so it shows nothing"
                                          : fmt::format("{} stored here", report.stored),
                       report.problem.empty() ? "" : ": ", report.problem);
  }
  std::string text =
      fmt::format("{} certificate{} in the account", report.listed, report.listed == 1 ? "" : "s");
  text += report.stored == report.listed ? ", as many stored here"
                                         : fmt::format(", {} stored here", report.stored);
  if (report.refused > 0) text += fmt::format(", {} left out (see the log)", report.refused);
  if (report.hidden > 0) {
    text += fmt::format(", {} more that no list of the account shows", report.hidden);
  }
  if (!report.problem.empty()) text += fmt::format("; the last look failed: {}", report.problem);
  return text;
}

}  // namespace ccm::cli
