// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <fts.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "base/file.h"
#include "base/handle.h"
#include "base/sentences.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/doctor_room.h"
#include "cli/host/state_directory.h"

namespace ccm::cli {
namespace {

constexpr std::size_t kNamedFiles = 3;
// Nothing the agent writes takes so long; younger ones may be in work.
constexpr std::time_t kOrphanAge = 600;

std::string user_text(uid_t user) {
  const passwd* found = getpwuid(user);
  return found == nullptr ? std::to_string(user) : found->pw_name;
}

struct Survey {
  std::vector<std::string> open_files;
  std::vector<std::string> open_directories;
  std::vector<std::string> foreign;
  std::vector<std::string> unreadable;
  std::vector<std::string> orphans;
  std::vector<std::string> strange;
  std::vector<std::string> strays;
  std::size_t entries = 0;
};

bool is_current_link(const FTSENT& entry) {
  return entry.fts_info == FTS_SL && std::string_view(entry.fts_name) == "current";
}

// Settings are root's, and the agent's account may read them (store/effective_settings.h).
bool is_roots_word(const FTSENT& entry) {
  const struct stat& facts = *entry.fts_statp;
  return entry.fts_level == 1 && entry.fts_info == FTS_F && facts.st_uid == 0 &&
         (facts.st_mode & 0777U) == 0640U &&
         std::string_view(entry.fts_name).starts_with("settings-");
}

// A file among the directories of the certificates.
bool is_stray(const FTSENT& entry) {
  return entry.fts_level == 2 && entry.fts_info == FTS_F &&
         std::string_view(entry.fts_parent->fts_name) == "certificates";
}

// False: not to be looked into.
bool note(const FTSENT& entry, uid_t owner, Survey& survey) {
  std::string path = entry.fts_path;
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  if (entry.fts_info == FTS_DNR || entry.fts_info == FTS_ERR || entry.fts_info == FTS_NS) {
    survey.unreadable.push_back(path);
    return true;
  }
  ++survey.entries;
  const struct stat& facts = *entry.fts_statp;
  const bool is_top = entry.fts_level == FTS_ROOTLEVEL;
  if (!is_top && path.find(kTemporaryMark, path.rfind('/')) != std::string::npos) {
    if (facts.st_mtime + kOrphanAge < std::time(nullptr)) survey.orphans.push_back(path);
    return false;
  }
  if (is_roots_word(entry)) return true;
  if (facts.st_uid != owner) survey.foreign.push_back(path);
  if (entry.fts_info == FTS_D) {
    if ((facts.st_mode & 077U) != 0) survey.open_directories.push_back(path);
  } else if (entry.fts_info == FTS_F) {
    if (is_stray(entry)) survey.strays.push_back(path);
    if ((facts.st_mode & 077U) != 0) survey.open_files.push_back(path);
  } else if (!is_current_link(entry)) {
    survey.strange.push_back(path);
  }
  return true;
}

Survey survey_of(const std::string& path, uid_t owner) {
  Survey survey;
  std::string top = path;
  const std::array<char*, 2> tops = {top.data(), nullptr};
  const Handle<FTS, fts_close> walk(
      fts_open(tops.data(), FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr));
  if (!walk) return survey;
  while (FTSENT* entry = fts_read(walk.get())) {
    if (entry->fts_info == FTS_DP) continue;
    if (!note(*entry, owner, survey)) fts_set(walk.get(), entry, FTS_SKIP);
  }
  return survey;
}

// A command for these paths, or one that finds them when they are many.
std::string command_for(const std::vector<std::string>& paths, std::string_view command,
                        const std::string& finder) {
  if (paths.size() > kNamedFiles) return finder;
  std::string text(command);
  for (const std::string& path : paths) text += fmt::format(" {}", shell_word(path));
  return text;
}

std::string count_text(std::size_t count, std::string_view one, std::string_view many) {
  return count == 1 ? std::string(one) : fmt::format("{} {}", count, many);
}

void report_modes(const std::string& path, const Survey& survey, Findings& findings) {
  const std::string word = shell_word(path);
  if (!survey.open_directories.empty()) {
    const auto& paths = survey.open_directories;
    findings.bad("store",
                 fmt::format("{} open to others than the owner: {}",
                             count_text(paths.size(), "a directory is", "directories are"),
                             enumerated(paths, kNamedFiles)),
                 command_for(paths, "chmod 700",
                             fmt::format("find {} -type d -exec chmod 700 {{}} +", word)));
  }
  if (!survey.open_files.empty()) {
    const auto& paths = survey.open_files;
    findings.bad("store",
                 fmt::format("{} open to others than the owner: {}; anybody who could read a "
                             "private key may still have it",
                             count_text(paths.size(), "a file is", "files are"),
                             enumerated(paths, kNamedFiles)),
                 command_for(paths, "chmod 600",
                             fmt::format("find {} -type f -exec chmod 600 {{}} +", word)));
  }
}

void report_owners(const std::string& path, const struct stat& top, const Survey& survey,
                   Findings& findings) {
  if (survey.foreign.empty()) return;
  const std::string owner = user_text(top.st_uid);
  findings.bad(
      "store",
      fmt::format("{} not {}'s, whose the directory is, so that the agent may be unable to use "
                  "{}: {}",
                  count_text(survey.foreign.size(), "an entry is", "entries are"), owner,
                  survey.foreign.size() == 1 ? "it" : "them",
                  enumerated(survey.foreign, kNamedFiles)),
      command_for(survey.foreign, fmt::format("chown -h {}:", owner),
                  fmt::format("chown -hR {}: {}", owner, shell_word(path))));
}

void report_others(const std::string& path, const Survey& survey, Findings& findings) {
  if (!survey.orphans.empty()) {
    findings.doubtful(
        "store",
        fmt::format("{} an interrupted write: {}",
                    count_text(survey.orphans.size(), "a file is left of", "files are left of"),
                    enumerated(survey.orphans, kNamedFiles)),
        command_for(survey.orphans, "rm -r",
                    fmt::format("find {} -name '*{}*' -mmin +10 -exec rm -r {{}} +",
                                shell_word(path), kTemporaryMark)));
  }
  if (!survey.strange.empty()) {
    findings.doubtful("store",
                      fmt::format("{} neither file nor directory: {}",
                                  count_text(survey.strange.size(), "an entry is", "entries are"),
                                  enumerated(survey.strange, kNamedFiles)),
                      "remove it, or put the file itself there: the store follows no links");
  }
  if (!survey.strays.empty()) {
    findings.bad("store",
                 fmt::format("{} among the certificates, where only their directories belong: {}",
                             count_text(survey.strays.size(), "a file is", "files are"),
                             enumerated(survey.strays, kNamedFiles)),
                 command_for(survey.strays, "rm",
                             fmt::format("look at each, then: find {}/certificates -maxdepth 1 "
                                         "-type f -exec rm {{}} +",
                                         shell_word(path))));
  }
  if (!survey.unreadable.empty()) {
    findings.bad("store",
                 fmt::format("{} cannot be read: {}",
                             count_text(survey.unreadable.size(), "an entry", "entries"),
                             enumerated(survey.unreadable, kNamedFiles)),
                 geteuid() == 0 ? "look at the disk: dmesg | tail"
                                : "run ccmctl doctor as root or as the directory's owner");
  }
}

// The leader holds an exclusive lock, so a shared one is to be had only without it.
void examine_leader(const std::string& path, Findings& findings) {
  const FileDescriptor lock(open((path + "/leader.lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!lock) {
    findings.doubtful("agent",
                      errno == ENOENT ? "no agent has ever led here"
                                      : fmt::format("{}/leader.lock: {}", path, errno_text(errno)),
                      errno == ENOENT ? "start the web server; its error log says what keeps the "
                                        "agent from starting"
                                      : "run ccmctl doctor as root or as the directory's owner");
  } else if (flock(lock.get(), LOCK_SH | LOCK_NB) == 0) {
    findings.doubtful("agent", "none is running, so nothing is renewed",
                      "start the web server: systemctl start nginx, or apache2");
  } else {
    findings.good("agent", "one is running and leads");
  }
}

}  // namespace

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%=,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void judge_room(const std::string& path, const Room& room, Findings& findings) {
  constexpr std::uint64_t kMebibyte = 1U << 20U;
  constexpr std::uint64_t kLittle = 64 * kMebibyte;
  constexpr std::uint64_t kTooLittle = 4 * kMebibyte;
  constexpr std::uint64_t kFewFiles = 200;
  const std::string remedy =
      fmt::format("make room on that file system: df -h {0}; df -i {0}", shell_word(path));
  const bool is_out_of_files = room.files && *room.files < kFewFiles;
  if (room.bytes < kTooLittle || is_out_of_files) {
    findings.bad("disk",
                 is_out_of_files
                     ? fmt::format("only {} more files fit on the disk of {}", *room.files, path)
                     : fmt::format("only {} KiB are free on the disk of {}, and a new certificate "
                                   "may not fit",
                                   room.bytes / 1024, path),
                 remedy);
  } else if (room.bytes < kLittle) {
    findings.doubtful(
        "disk", fmt::format("only {} MiB are free on the disk of {}", room.bytes / kMebibyte, path),
        remedy);
  } else {
    findings.good("disk", fmt::format("{} MiB are free", room.bytes / kMebibyte));
  }
}

void examine_store(Workspace& workspace, Findings& findings) {
  const std::string& path = workspace.options.state_directory;
  const auto wrong = find_wrong_directory(workspace.options);
  if (wrong && !wrong->is_empty) {
    findings.add({wrong->is_new_host ? Verdict::doubtful : Verdict::bad, "store", wrong->what,
                  wrong->remedy});
    return;
  }
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) {
    findings.doubtful("store", fmt::format("{}: {}", path, errno_text(errno)),
                      "run ccmctl doctor as root or as the directory's owner");
    return;
  }
  const std::size_t before = findings.all().size();
  // A final slash, so that a link to the directory is followed.
  const Survey survey = survey_of(path + "/", facts.st_uid);
  report_modes(path, survey, findings);
  report_owners(path, facts, survey, findings);
  report_others(path, survey, findings);
  if (findings.all().size() == before) {
    findings.good("store", fmt::format("{} entries, all of them {}'s and nobody else's",
                                       survey.entries, user_text(facts.st_uid)));
  }
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) == 0) {
    Room room{.bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize, .files = {}};
    // File systems that make them as they go count none.
    if (disk.f_files != 0) room.files = disk.f_favail;
    judge_room(path, room, findings);
  }
  examine_leader(path, findings);
}

}  // namespace ccm::cli
