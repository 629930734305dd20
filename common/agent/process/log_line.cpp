// SPDX-License-Identifier: Apache-2.0
#include "agent/process/log_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "cloud/reply/json.h"

namespace ccm::agent {

std::string tag(const LogLine& line) {
  std::string tagged =
      fmt::format("{} {}", static_cast<unsigned>(line.severity), printable(line.text));
  if (tagged.size() >= kMostLine) {
    tagged.resize(cut(tagged, kMostLine - 4).size());
    tagged += "...";
  }
  return tagged + '\n';
}

LogLine untag(std::string_view line) {
  const bool is_tagged = line.size() >= 2 && line[0] >= '0' && line[0] <= '7' && line[1] == ' ';
  if (!is_tagged) return {Severity::error, printable(cut(line, kMostLine))};
  // Not every line that looks tagged was written by tag().
  return {static_cast<Severity>(line[0] - '0'), printable(cut(line.substr(2), kMostLine))};
}

std::string format_line(config::ServerKind server, const LogLine& line, WallTime time, pid_t pid) {
  const std::tm local = fmt::localtime(std::chrono::system_clock::to_time_t(time));
  const std::string_view level = to_string(line.severity);
  switch (server) {
    case config::ServerKind::nginx:
      return fmt::format("{:%Y/%m/%d %H:%M:%S} [{}] {}#{}: ccm: {}\n", local, level, pid, pid,
                         line.text);
    case config::ServerKind::apache: {
      const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
          time - std::chrono::floor<std::chrono::seconds>(time));
      return fmt::format("[{:%a %b %d %H:%M:%S}.{:06} {:%Y}] [ccm:{}] [pid {}] {}\n", local,
                         micros.count(), local, level, pid, line.text);
    }
    case config::ServerKind::none:
      break;
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%S} {}: {}\n", local, level, line.text);
}

std::string format_json_line(const LogLine& line, WallTime time, pid_t pid) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(time - second);
  cloud::JsonObject object;
  object
      .set("time",
           fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(second)), millis.count()))
      .set("level", to_string(line.severity))
      .set_number("process", pid)
      .set("message", line.text);
  // Lines are printable, so they are UTF-8.
  return object.dump().value_or("{}") + '\n';
}

std::string format_journal_line(const LogLine& line) {
  return with_priority(line.severity, fmt::format("ccm: {}\n", line.text));
}

std::string with_priority(Severity severity, std::string_view finished) {
  return fmt::format("<{}>{}", static_cast<unsigned>(severity), finished);
}

void PipeLog::write(Severity severity, std::string_view line) noexcept {
  if (severity > most_verbose_) return;
  try {
    const std::string tagged = tag({severity, std::string(line)});
    while (::write(descriptor_, tagged.data(), tagged.size()) < 0 && errno == EINTR) {
    }
  } catch (...) {
    // There is no memory for the line, so it is lost; the program goes on.
    return;
  }
}

}  // namespace ccm::agent
