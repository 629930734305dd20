// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/log.h"

namespace ccm {
namespace {

class Lines final : public Log {
 public:
  void write(Severity severity, std::string_view line) noexcept override {
    lines.emplace_back(severity, line);
  }
  std::vector<std::pair<Severity, std::string>> lines;
};

TEST(Log, EverySeverityHasANameThatLeadsBackToIt) {
  for (int i = 0; i <= static_cast<int>(Severity::debug); ++i) {
    const auto severity = static_cast<Severity>(i);
    EXPECT_EQ(parse_severity(to_string(severity)), severity);
  }
  EXPECT_EQ(to_string(Severity::emerg), "emerg");
  EXPECT_EQ(parse_severity("warning"), std::nullopt);
}

TEST(Log, FormatsAtTheSeverityOfItsFunction) {
  Lines log;
  log.error("a {}", 1);
  log.warn("b");
  log.notice("c {}", "x");
  log.info("d");
  log.debug("e");
  const std::vector<std::pair<Severity, std::string>> expected{{Severity::error, "a 1"},
                                                               {Severity::warn, "b"},
                                                               {Severity::notice, "c x"},
                                                               {Severity::info, "d"},
                                                               {Severity::debug, "e"}};
  EXPECT_EQ(log.lines, expected);
}

}  // namespace
}  // namespace ccm
