#include "config/system_checks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/memory_file.h"
#include "base/trial.h"
#include "config/sentences.h"

namespace ccm::config {
namespace {

using Sentences = std::vector<std::string>;

void check_memory(const std::string& state_path, Sentences& sentences) {
  constexpr std::string_view kRemedy =
      "allow the system call memfd_create to the server (systemd: SystemCallFilter=memfd_create) "
      "and mount /proc";
  const auto memory = make_memory_file("ccm-check", state_path);
  if (!memory) {
    sentences.push_back(fmt::format(
        "there is no memory through which certificates could reach the workers, so every handshake "
        "with one of them fails: {}; {}",
        memory.error().message(), kRemedy));
  } else if (!memory->place.empty()) {
    sentences.push_back(fmt::format(
        "{}: certificates reach the workers through a file without a name in {} instead of "
        "anonymous memory; {}",
        memory->reason, in_quotes(memory->place), kRemedy));
  }
}

void try_madvise() {
  static_cast<void>(madvise(nullptr, 0, MADV_DONTDUMP));
}

void check_dumps(Sentences& sentences) {
  const bool is_deadly_here = is_deadly(try_madvise);
  if (!is_deadly_here && madvise(nullptr, 0, MADV_DONTDUMP) == 0) return;
  sentences.push_back(fmt::format(
      "madvise: {}: a core dump of the server would hold private keys; allow the system call "
      "madvise, or forbid core dumps (systemd: LimitCORE=0)",
      is_deadly_here ? "the system kills a process that calls it" : errno_text(errno)));
}

// The directory itself, or the nearest one above it that is there.
void check_state_path(std::string path, Sentences& sentences) {
  const std::string named = path;
  while (path.size() > 1 && access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return;
    path.resize(slash == 0 ? 1 : slash);
  }
  if (access(path.c_str(), W_OK) == 0 || errno != EROFS) return;
  sentences.push_back(fmt::format(
      "the state directory {} is read-only here: what it holds is served, and nothing is renewed; "
      "add ReadWritePaths={} to the server's unit, or mount it for writing",
      in_quotes(named), named));
}

}  // namespace

std::vector<std::string> check_system(const std::string& state_path) {
  Sentences sentences;
  check_memory(state_path, sentences);
  check_dumps(sentences);
  check_state_path(state_path, sentences);
  return sentences;
}

}  // namespace ccm::config
