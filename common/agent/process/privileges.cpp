// SPDX-License-Identifier: Apache-2.0
#include "agent/process/privileges.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/acting_as.h"
#include "base/file.h"
#include "base/handle.h"
#include "launch/process.h"
#include "store/host/state_directory.h"

namespace ccm::agent {
namespace {

constexpr uid_t kRoot = 0;

// Deeper than any store.
constexpr int kDeepest = 8;

// Changes owners through descriptors, so that nobody can replace the file behind a name meanwhile.
class HandOver {
 public:
  HandOver(const Account& account, dev_t device) : account_(account), device_(device) {}

  // Hands over the entries of a directory; each directory comes after its content. Leaves alone
  // hard-linked files, because they may also be elsewhere, other file systems, and everything that
  // is neither file, directory nor link. If something cannot be handed over, the store reports it
  // when it wants to write there.
  void give_entries(int directory, int depth) const {
    const Handle<DIR, closedir> stream(open_for_reading(directory));
    if (stream == nullptr || depth > kDeepest) return;
    while (const dirent* entry = readdir(stream.get())) {
      const std::string name = entry->d_name;
      const bool is_wanted = depth > 0 || store::is_store_name(name);
      if (name != "." && name != ".." && is_wanted) give(directory, name, depth);
    }
  }

  void give_itself(int file) const {
    static_cast<void>(fchownat(file, "", account_.user, account_.group, AT_EMPTY_PATH) != 0);
  }

 private:
  static DIR* open_for_reading(int directory) {
    FileDescriptor opened(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR* stream = opened ? fdopendir(opened.get()) : nullptr;
    if (stream != nullptr) static_cast<void>(opened.release());
    return stream;
  }

  void give(int parent, const std::string& name, int depth) const {
    const FileDescriptor file(openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status = {};
    if (!file || fstat(file.get(), &status) != 0) return;
    const bool is_directory = S_ISDIR(status.st_mode);
    // In an overlay file system, as containers have, a file has the device number of its layer.
    if (is_directory && status.st_dev != device_) return;
    const bool is_single =
        status.st_nlink == 1 && (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode));
    if (is_directory) give_entries(file.get(), depth + 1);
    if (status.st_uid == kRoot && (is_directory || is_single)) give_itself(file.get());
  }

  const Account& account_;
  dev_t device_;
};

// The store's own directory comes last. Until then the account cannot reach anything in it, and a
// hand-over that was interrupted starts again.
Result<void> hand_over(int directory, const Account& account) {
  struct stat status = {};
  if (fstat(directory, &status) != 0)
    return fail(system_error("reading the state directory", errno));
  if (account.user == kRoot || status.st_uid != kRoot) return {};
  const HandOver giving(account, status.st_dev);
  giving.give_entries(directory, 0);
  giving.give_itself(directory);
  return {};
}

// Without CAP_DAC_OVERRIDE root may not enter a directory that only the account may enter. The
// directory was still opened as root, because the account may lack access to those above it.
Result<void> enter(int directory, const std::string& path, const std::optional<Account>& account) {
  if (fchdir(directory) == 0) return {};
  if (errno == EACCES && account) {
    const ActingAs owner(account->user);
    if (fchdir(directory) == 0) return {};
  }
  return fail(system_error("entering " + path, errno));
}

// Only the account needs access. A unit or an operator may have made the directory open to all.
void close_to_others(int directory) {
  struct stat status = {};
  if (fstat(directory, &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  const FileDescriptor opened(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  static_cast<void>(fchmod(opened.get(), kOwnerOnlyDirectory) != 0);
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
  const uid_t keeper = account ? account->user : geteuid();
  // Before anything is made.
  if (Result<void> good = store::check_state_directory(path, keeper); !good) return good;
  if (Result<void> made = make_directories(path); !made) return made;
  const Result<FileDescriptor> directory = store::open_state_directory(path, keeper);
  if (!directory) return fail(directory.error());
  close_to_others(directory->get());
  if (account) {
    if (Result<void> handed = hand_over(directory->get(), *account); !handed) return handed;
  }
  if (Result<void> entered = enter(directory->get(), path, account); !entered) return entered;
  // The next steps as root need a store that is marked as such (settings_keeper.h). Where root may
  // not write, the account marks it later.
  if (account) {
    static_cast<void>(store::mark_as_store(".", {.owner = account->user, .group = account->group}));
  }
  return {};
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
  launch::die_with_parent();
  if (getppid() != parent) return fail(ErrorKind::transient, "the monitor has just died");
  // If the system refuses this, main.cpp has logged it at the start of the process.
  static_cast<void>(launch::forbid_dumps());
  return {};
}

}  // namespace ccm::agent
