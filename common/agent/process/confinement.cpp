// SPDX-License-Identifier: Apache-2.0
#include "agent/process/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "agent/process/call_filter.h"
#include "base/file.h"
#include "base/handle.h"
#include "base/system_call_numbers.h"
#include "base/trial.h"

namespace ccm::agent {
namespace {

constexpr std::string_view kLandlock = "keeping the agent to its state directory (Landlock)";

// Constants of <linux/landlock.h>. Older headers lack the file, or what later versions of Landlock
// added.
constexpr unsigned kAskVersion = 1U;  // LANDLOCK_CREATE_RULESET_VERSION
constexpr int kPathBeneath = 1;       // LANDLOCK_RULE_PATH_BENEATH
namespace access_rights {             // LANDLOCK_ACCESS_FS_…
constexpr std::uint64_t kExecute = 1ULL << 0;
constexpr std::uint64_t kWriteFile = 1ULL << 1;
constexpr std::uint64_t kRemoveDirectory = 1ULL << 4;
constexpr std::uint64_t kRemoveFile = 1ULL << 5;
constexpr std::uint64_t kMakeCharacterDevice = 1ULL << 6;
constexpr std::uint64_t kMakeDirectory = 1ULL << 7;
constexpr std::uint64_t kMakeFile = 1ULL << 8;
constexpr std::uint64_t kMakeSocket = 1ULL << 9;
constexpr std::uint64_t kMakeFifo = 1ULL << 10;
constexpr std::uint64_t kMakeBlockDevice = 1ULL << 11;
constexpr std::uint64_t kMakeLink = 1ULL << 12;
constexpr std::uint64_t kRefer = 1ULL << 13;     // version 2
constexpr std::uint64_t kTruncate = 1ULL << 14;  // version 3
}  // namespace access_rights
constexpr std::uint64_t kBindTcp = 1ULL << 0;          // version 4
constexpr std::uint64_t kAbstractSockets = 1ULL << 0;  // version 6
constexpr std::uint64_t kSignals = 1ULL << 1;          // version 6
constexpr int kFirstWithMoves = 2;

struct Ruleset {  // struct landlock_ruleset_attr of version 6
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

struct [[gnu::packed]] PathBeneath {  // struct landlock_path_beneath_attr
  std::uint64_t allowed = 0;
  std::int32_t directory = -1;
};

constexpr std::uint64_t kChanges = access_rights::kWriteFile | access_rights::kRemoveDirectory |
                                   access_rights::kRemoveFile | access_rights::kMakeDirectory |
                                   access_rights::kMakeFile | access_rights::kMakeLink |
                                   access_rights::kRefer;
// Rights that the agent needs nowhere.
constexpr std::uint64_t kNowhere = access_rights::kExecute | access_rights::kMakeCharacterDevice |
                                   access_rights::kMakeBlockDevice | access_rights::kMakeFifo |
                                   access_rights::kMakeSocket;

long version_of_landlock() noexcept {
  return syscall(calls::kLandlockCreateRuleset, nullptr, 0, kAskVersion);
}

void try_landlock() {
  static_cast<void>(version_of_landlock());
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void try_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) == 0) setrlimit(RLIMIT_DATA, &limit);
}
#endif

// The ruleset with the parts that this version of Landlock knows.
Ruleset ruleset_for(long version) {
  Ruleset rules{.files = kChanges | kNowhere};
  if (version >= 3) rules.files |= access_rights::kTruncate;
  if (version >= 4) rules.network = kBindTcp;
  if (version >= 6) rules.scoped = kAbstractSockets | kSignals;
  return rules;
}

std::size_t size_for(long version) {
  if (version >= 6) return sizeof(Ruleset);
  return version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

// The memory limit. A larger heap means a fault or an attack. Shared memory, such as the
// publication, does not count, and neither does memory that is only reserved.
rlim_t memory_for(std::size_t certificates, unsigned threads) {
  constexpr rlim_t kMebibyte = 1U << 20U;
  return 1024 * kMebibyte + certificates * kMebibyte / 8 + rlim_t{32} * threads * kMebibyte;
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

// The store has to know whether the system kills a process that opens files in its usual way. It
// finds that out with a child process, which the filter forbids, and keeps the answer. So it asks
// before the filter is there.
void try_reading() {
  static_cast<void>(read_file("/", 0, Links::nowhere));
}

}  // namespace

void drop_capability_sets() noexcept {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // The kernel returns EINVAL after its last capability.
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
  const long version = version_of_landlock();
  if (version < 0) return fail(system_error(kLandlock, errno));
  if (version < kFirstWithMoves) return fail(system_error(kLandlock, ENOTSUP));
  const Ruleset rules = ruleset_for(version);
  const FileDescriptor ruleset(
      static_cast<int>(syscall(calls::kLandlockCreateRuleset, &rules, size_for(version), 0)));
  const FileDescriptor state(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!ruleset || !state) return fail(system_error(kLandlock, errno));
  const PathBeneath allowed{.allowed = rules.files & ~kNowhere, .directory = state.get()};
  if (syscall(calls::kLandlockAddRule, ruleset.get(), kPathBeneath, &allowed, 0) != 0 ||
      syscall(calls::kLandlockRestrictSelf, ruleset.get(), 0) != 0) {
    return fail(system_error(kLandlock, errno));
  }
  return {};
}

void confine(std::size_t certificates, unsigned threads, Log& log) {
  try_reading();
  const auto say = [&](const Result<void>& done) {
    if (!done) log.info("{}; the agent goes on without it", done.error().message());
  };
  say(limit_memory(certificates, threads));
  say(restrict_file_system());
  say(refuse_needless_calls());
}

}  // namespace ccm::agent
