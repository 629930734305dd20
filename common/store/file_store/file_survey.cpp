// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/file_survey.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fts.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/account.h"
#include "base/file.h"
#include "base/handle.h"
#include "store/host/effective_settings.h"

namespace ccm::store {
namespace {

// Nothing that an agent writes takes so long; younger files may still be written.
constexpr Seconds kOrphanAge{600};

// In the form that chown accepts.
std::string name_or_number(uid_t user) {
  const std::string number = std::to_string(user);
  const std::string text = user_text(user);
  return text == "user " + number ? number : text;
}

bool is_current_link(const FTSENT& entry) {
  return entry.fts_info == FTS_SL && std::string_view(entry.fts_name) == "current";
}

// Settings belong to root, and the agent's account may read them (host/effective_settings.h).
bool is_roots_word(const FTSENT& entry) {
  const struct stat& facts = *entry.fts_statp;
  return entry.fts_level == 1 && entry.fts_info == FTS_F && facts.st_uid == 0 &&
         (facts.st_mode & 0777U) == 0640U &&
         std::string_view(entry.fts_name).starts_with(kSettingsPrefix);
}

// A file among the directories of the certificates.
bool is_stray(const FTSENT& entry) {
  return entry.fts_level == 2 && entry.fts_info == FTS_F &&
         std::string_view(entry.fts_parent->fts_name) == "certificates";
}

// False: do not look into it.
bool note(const FTSENT& entry, uid_t owner, Time now, Survey& survey) {
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
    if (Time(Seconds(facts.st_mtime)) + kOrphanAge < now) survey.orphans.push_back(path);
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

// The leader holds an exclusive lock, so a shared one can be taken only when nobody leads.
void look_for_leader(const std::string& state_path, Survey& survey) {
  const std::string path = state_path + "/leader.lock";
  const FileDescriptor lock(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!lock) {
    survey.lead = errno == ENOENT ? Lead::never_taken : Lead::unknown;
    survey.lead_problem = fmt::format("{}: {}", path, errno_text(errno));
  } else {
    survey.lead = flock(lock.get(), LOCK_SH | LOCK_NB) == 0 ? Lead::free : Lead::taken;
  }
}

}  // namespace

Survey survey_files(const std::string& state_path, Time now) {
  Survey survey;
  struct stat directory {};
  if (stat(state_path.c_str(), &directory) != 0) return survey;
  survey.owner = name_or_number(directory.st_uid);
  look_for_leader(state_path, survey);
  // A final slash, so that a link to the directory is followed.
  std::string top = state_path + "/";
  const std::array<char*, 2> tops = {top.data(), nullptr};
  const Handle<FTS, fts_close> walk(
      fts_open(tops.data(), FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr));
  if (!walk) return survey;
  while (FTSENT* entry = fts_read(walk.get())) {
    if (entry->fts_info == FTS_DP) continue;
    if (!note(*entry, directory.st_uid, now, survey)) fts_set(walk.get(), entry, FTS_SKIP);
  }
  return survey;
}

}  // namespace ccm::store
