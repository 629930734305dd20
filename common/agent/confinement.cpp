// SPDX-License-Identifier: Apache-2.0
#include "agent/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "agent/call_filter.h"
#include "base/handle.h"
#include "base/trial.h"

namespace ccm::agent {
namespace {

constexpr std::string_view kLandlock = "keeping the agent to its state directory (Landlock)";

// What newer headers than those of Debian 12 call LANDLOCK_…; the numbers are the kernel's for
// ever.
constexpr std::uint64_t kTruncate = 1ULL << 14;        // version 3
constexpr std::uint64_t kBindTcp = 1ULL << 0;          // version 4
constexpr std::uint64_t kAbstractSockets = 1ULL << 0;  // version 6
constexpr std::uint64_t kSignals = 1ULL << 1;          // version 6
constexpr int kFirstWithMoves = 2;

struct Ruleset {  // struct landlock_ruleset_attr of version 6
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t kChanges = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM |
                                   LANDLOCK_ACCESS_FS_REFER;
// Needed nowhere.
constexpr std::uint64_t kNowhere = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                   LANDLOCK_ACCESS_FS_MAKE_SOCK;

void try_landlock() {
  static_cast<void>(
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void try_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) == 0) setrlimit(RLIMIT_DATA, &limit);
}
#endif

// How much the ruleset and its size are known to this version of Landlock.
Ruleset ruleset_for(long version) {
  Ruleset rules{.files = kChanges | kNowhere};
  if (version >= 3) rules.files |= kTruncate;
  if (version >= 4) rules.network = kBindTcp;
  if (version >= 6) rules.scoped = kAbstractSockets | kSignals;
  return rules;
}

std::size_t size_for(long version) {
  if (version >= 6) return sizeof(Ruleset);
  return version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

// Everything that a heap may grow to before it is a fault or an attack. What is shared, such as the
// publication, does not count, nor what is only reserved.
rlim_t memory_for(std::size_t certificates, unsigned threads) {
  constexpr rlim_t kMebibyte = 1U << 20U;
  return 1024 * kMebibyte + certificates * kMebibyte / 8 + threads * 32 * kMebibyte;
}

Result<void> limit_memory(std::size_t certificates, unsigned threads) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static_cast<void>(memory_for(certificates, threads));
  return {};  // a sanitizer's own memory is beyond any limit
#else
  if (is_deadly(try_limit)) return fail(system_error("limiting the agent's memory", EPERM));
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return fail(system_error("getrlimit", errno));
  const rlim_t wanted = std::min(memory_for(certificates, threads), limit.rlim_max);
  limit = {.rlim_cur = std::min(wanted, limit.rlim_cur), .rlim_max = wanted};
  if (setrlimit(RLIMIT_DATA, &limit) == 0) return {};
  return fail(system_error("limiting the agent's memory (setrlimit)", errno));
#endif
}

}  // namespace

void drop_capability_sets() noexcept {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // The kernel says EINVAL behind its last one.
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capget, &header, sets) != 0) return;
  for (auto& set : sets) set.inheritable = 0;
  static_cast<void>(syscall(SYS_capset, &header, sets));
}

Result<void> restrict_file_system() {
  if (is_deadly(try_landlock)) return fail(system_error(kLandlock, EPERM));
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) return fail(system_error(kLandlock, errno));
  if (version < kFirstWithMoves) return fail(system_error(kLandlock, ENOTSUP));
  const Ruleset rules = ruleset_for(version);
  const FileDescriptor ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &rules, size_for(version), 0)));
  const FileDescriptor state(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!ruleset || !state) return fail(system_error(kLandlock, errno));
  landlock_path_beneath_attr allowed{};
  allowed.allowed_access = rules.files & ~kNowhere;
  allowed.parent_fd = state.get();
  if (syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &allowed, 0) != 0 ||
      syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return fail(system_error(kLandlock, errno));
  }
  return {};
}

void confine(std::size_t certificates, unsigned threads, Log& log) {
  const auto say = [&](const Result<void>& done) {
    if (!done) log.info("{}; the agent goes on without it", done.error().message());
  };
  say(limit_memory(certificates, threads));
  say(restrict_file_system());
  say(refuse_needless_calls());
}

}  // namespace ccm::agent
