// SPDX-License-Identifier: Apache-2.0
// Writes metrics, in Prometheus' own text format (0.0.4) and as OpenMetrics 1.0. One thread.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "server/status/status_view.h"

namespace ccm::server {

// A label's value: both formats escape the same three characters.
inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char character : text) {
    if (character == '\\' || character == '"') out += '\\';
    if (character == '\n') {
      out += "\\n";
    } else {
      out += character;
    }
  }
  return out;
}

inline std::string label(std::string_view name, std::string_view value) {
  return fmt::format("{}=\"{}\"", name, escaped(value));
}

class Metrics {
 public:
  explicit Metrics(MetricsForm form) : is_open_(form == MetricsForm::openmetrics) {}

  // The samples that follow are of this family. A counter's name is given without "_total".
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    type_ = type;
    const bool has_suffix = !is_open_ && type == "counter";
    const std::string_view suffix = has_suffix                    ? "_total"
                                    : !is_open_ && type == "info" ? "_info"
                                                                  : "";
    const std::string_view said = !is_open_ && type == "info" ? "gauge" : type;
    fmt::format_to(std::back_inserter(text_), "# HELP {0}{1} {2}\n# TYPE {0}{1} {3}\n", name,
                   suffix, help, said);
  }
  template <typename Value>
  void sample(Value value, std::string_view labels = {}) {
    const std::string_view suffix = type_ == "counter" ? "_total" : type_ == "info" ? "_info" : "";
    sample_of(suffix, value, labels);
  }
  template <typename Value>
  void sample_of(std::string_view suffix, Value value, std::string_view labels) {
    if (labels.empty()) {
      fmt::format_to(std::back_inserter(text_), "{}{} {}\n", name_, suffix, value);
    } else {
      fmt::format_to(std::back_inserter(text_), "{}{}{{{}}} {}\n", name_, suffix, labels, value);
    }
  }
  std::string take() && {
    if (is_open_) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  bool is_open_;
  std::string text_;
  std::string_view name_;
  std::string_view type_;
};

inline std::int64_t seconds(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace ccm::server
