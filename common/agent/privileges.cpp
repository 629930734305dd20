#include "agent/privileges.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fts.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/process.h"
#include "base/acting_as.h"
#include "base/file.h"
#include "base/handle.h"

namespace ccm::agent {
namespace {

constexpr const char* kDefaultAccount = "ccm";
constexpr uid_t kRoot = 0;

std::optional<Account> find_account(const std::string& name) {
  std::array<char, 16384> buffer;
  passwd entry = {};
  passwd* found = nullptr;
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    return std::nullopt;
  }
  return Account{name, entry.pw_uid, entry.pw_gid};
}

// Each directory after what is in it, the store's own last of all: until then the account cannot
// get at any of it, and a hand-over that was cut short is done again.
void hand_over_entry(const FTSENT& entry, const Account& account) {
  const bool is_directory = entry.fts_info == FTS_DP;
  const bool is_plain_file = entry.fts_info == FTS_F && entry.fts_statp->st_nlink == 1;
  if (!is_directory && !is_plain_file && entry.fts_info != FTS_SL) return;
  if (entry.fts_statp->st_uid != kRoot) return;
  // What cannot be handed over shows when the store wants to write there.
  static_cast<void>(
      fchownat(AT_FDCWD, entry.fts_accpath, account.user, account.group, AT_SYMLINK_NOFOLLOW) != 0);
}

using FtsHandle = Handle<FTS, fts_close>;

Result<void> hand_over(const std::string& path, const Account& account) {
  std::string root = path;
  std::array<char*, 2> roots{root.data(), nullptr};
  const FtsHandle tree(fts_open(roots.data(), FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr));
  if (tree == nullptr) return fail(system_error("reading " + path, errno));
  while (const FTSENT* entry = fts_read(tree.get())) hand_over_entry(*entry, account);
  return {};
}

// Without CAP_DAC_OVERRIDE root may not enter what belongs to the account alone. The directory is
// opened as root all the same, because the account may be kept out of those above it.
Result<void> enter(const std::string& path, const std::optional<Account>& account) {
  const FileDescriptor directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail(system_error("entering " + path, errno));
  if (fchdir(directory.get()) == 0) return {};
  if (errno == EACCES && account) {
    const ActingAs owner(account->user);
    if (fchdir(directory.get()) == 0) return {};
  }
  return fail(system_error("entering " + path, errno));
}

}  // namespace

Result<std::optional<Account>> choose_account(const std::string& user) {
  if (geteuid() != kRoot) return std::optional<Account>();
  const std::string name = user.empty() ? kDefaultAccount : user;
  std::optional<Account> account = find_account(name);
  if (account) return account;
  return fail(ErrorKind::invalid,
              fmt::format("there is no account \"{0}\" for the agent, which does not work as root; "
                          "create it (useradd --system --user-group --no-create-home --shell "
                          "/usr/sbin/nologin {0}) or name another with user",
                          name));
}

Result<void> enter_state_directory(const std::string& path, const std::optional<Account>& account) {
  if (Result<void> made = make_directories(path); !made) return made;
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return fail(system_error(path, errno));
  if (account && account->user != kRoot && status.st_uid == kRoot) {
    if (Result<void> handed = hand_over(path, *account); !handed) return handed;
  }
  return enter(path, account);
}

Result<void> become(const Account& account) {
  const pid_t parent = getppid();
  if (initgroups(account.name.c_str(), account.group) != 0 ||
      setresgid(account.group, account.group, account.group) != 0 ||
      setresuid(account.user, account.user, account.user) != 0) {
    return fail(
        ErrorKind::rejected,
        fmt::format(
            "becoming user \"{}\": {}; leave the capabilities CAP_SETUID and CAP_SETGID and "
            "the system calls @setuid to the server's unit, or run the whole server as "
            "that user",
            account.name, errno_text(errno)));
  }
  if (account.user != kRoot && setuid(kRoot) == 0) {
    return fail(ErrorKind::internal, "the agent could become root again and will not go on");
  }
  die_with_parent();
  if (getppid() != parent) return fail(ErrorKind::transient, "the monitor has just died");
  // The start of the process has said it when the system refuses this (main.cpp).
  static_cast<void>(forbid_dumps());
  return {};
}

}  // namespace ccm::agent
