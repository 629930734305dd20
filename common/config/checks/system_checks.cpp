// SPDX-License-Identifier: Apache-2.0
#include "config/checks/system_checks.h"

#include <fmt/format.h>
#include <sys/mman.h>

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

}  // namespace

std::vector<std::string> check_system(const std::string& state_path) {
  Sentences sentences;
  check_memory(state_path, sentences);
  check_dumps(sentences);
  return sentences;
}

}  // namespace ccm::config
