// SPDX-License-Identifier: Apache-2.0
#include "agent/process/server_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ccm::agent {
namespace {

bool is_same_file(int descriptor, const std::string& path) {
  struct stat open_file = {};
  struct stat named = {};
  // While a rotation has renamed the old file and not made the new one, there is none at the path.
  // Until then the old one is right.
  if (stat(path.c_str(), &named) != 0) return true;
  return fstat(descriptor, &open_file) == 0 && open_file.st_dev == named.st_dev &&
         open_file.st_ino == named.st_ino;
}

}  // namespace

int ServerLog::descriptor() {
  if (facts_.error_log.empty()) return STDERR_FILENO;
  if (!file_ || !is_same_file(file_.get(), facts_.error_log)) {
    FileDescriptor opened(
        open(facts_.error_log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (opened) file_ = std::move(opened);
  }
  return file_ ? file_.get() : STDERR_FILENO;
}

std::string ServerLog::text_of(const LogLine& line, pid_t pid, bool is_journal) const {
  const auto now = std::chrono::system_clock::now();
  if (facts_.logs_json) {
    const std::string object = format_json_line(line, now, pid);
    return is_journal ? with_priority(line.severity, object) : object;
  }
  return is_journal ? format_journal_line(line) : format_line(facts_.kind, line, now, pid);
}

void ServerLog::write(const LogLine& line, pid_t pid) {
  if (line.severity > facts_.log_level) return;
  const int place = descriptor();
  const std::string text = text_of(line, pid, facts_.logs_to_journal && place == STDERR_FILENO);
  static_cast<void>(::write(place, text.data(), text.size()) < 0);
}

}  // namespace ccm::agent
