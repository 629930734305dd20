// SPDX-License-Identifier: Apache-2.0
// A log that remembers, for tests. Thread-safe.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"

namespace ccm::test {

class MemoryLog final : public Log {
 public:
  void write(Severity severity, std::string_view line) noexcept override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(severity, line);
  }
  // Every line with its level in front.
  std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const auto& [severity, line] : lines_) {
      all.append("[").append(to_string(severity)).append("] ").append(line).append("\n");
    }
    return all;
  }
  std::size_t count(Severity severity) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        lines_.begin(), lines_.end(), [&](const auto& line) { return line.first == severity; }));
  }
  std::vector<std::string> lines() const {
    return lines_where([](Severity) { return true; });
  }
  std::vector<std::string> lines(Severity only) const {
    return lines_where([only](Severity severity) { return severity == only; });
  }
  // Errors and what is more urgent.
  std::vector<std::string> errors() const {
    return lines_where([](Severity severity) { return severity <= Severity::error; });
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
  }

 private:
  template <typename Predicate>
  std::vector<std::string> lines_where(Predicate&& is_wanted) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> wanted;
    for (const auto& [severity, line] : lines_) {
      if (is_wanted(severity)) wanted.push_back(line);
    }
    return wanted;
  }

  mutable std::mutex mutex_;
  std::vector<std::pair<Severity, std::string>> lines_;
};

}  // namespace ccm::test
