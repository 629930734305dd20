// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/sentences.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/doctor_room.h"
#include "cli/host/catalogue_report.h"
#include "cli/host/state_directory.h"
#include "store/host/fleet_note.h"
#include "store/kinds.h"

namespace ccm::cli {
namespace {

using store::Lead;
using store::Survey;

constexpr std::size_t kNamedFiles = 3;

// A command for these paths, or a command that finds them when there are many.
std::string command_for(const std::vector<std::string>& paths, std::string_view command,
                        const std::string& finder) {
  if (paths.size() > kNamedFiles) return finder;
  std::string text(command);
  for (const std::string& path : paths) text += fmt::format(" {}", shell_word(path));
  return text;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

std::string count_text(std::size_t count, std::string_view one, std::string_view many) {
  return count == 1 ? std::string(one) : fmt::format("{} {}", count, many);
}

void report_fleet(const std::string& path, Findings& findings) {
  const auto note = store::read_fleet_note(path);
  if (!note) return;
  for (const std::string& trouble : store::troubles_of(*note)) {
    findings.doubtful("fleet", trouble,
                      "it shows what it has; `ccmctl fleet status` asks etcd itself");
  }
  if (!note->is_connected) return;
  findings.good(
      "fleet",
      fmt::format("this host (\"{}\") follows the fleet \"{}\"; {}", note->host, note->fleet,
                  note->leader.empty() ? "no host leads it now" : note->leader + " leads it"));
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

void report_owners(const std::string& path, const Survey& survey, Findings& findings) {
  if (survey.foreign.empty()) return;
  const std::string& owner = survey.owner;
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
                             fmt::format("look at each, then: find {} -maxdepth 1 -type f -exec rm "
                                         "{{}} +",
                                         shell_word(parent_of(survey.strays.front())))));
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

// In a fleet, the lock of the state directory only tells which agent follows the fleet.
void report_leader(const Survey& survey, bool is_in_fleet, Findings& findings) {
  switch (survey.lead) {
    case Lead::never_taken:
      return findings.doubtful(
          "agent", "no agent has ever led here",
          "start the web server; its error log says what keeps the agent from starting");
    case Lead::unknown:
      return findings.doubtful("agent", survey.lead_problem,
                               "run ccmctl doctor as root or as the directory's owner");
    case Lead::free:
      return findings.doubtful("agent", "none is running, so nothing is renewed",
                               "start the web server: systemctl start nginx, or apache2");
    case Lead::taken:
      return findings.good("agent", is_in_fleet ? "one is running" : "one is running and leads");
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

void judge_room(const std::string& path, const store::StateRoom& room, Findings& findings) {
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

namespace {

void report_catalogues(Workspace& workspace, Findings& findings) {
  for (const store::SelectionReport& each : store::read_selection_reports(workspace.store())) {
    const std::string subject = fmt::format("catalogue of {}", each.selection);
    if (!each.problem.empty()) {
      findings.bad(subject, describe(each), "see what the agent's log says of it");
    } else if (each.hidden > 0) {
      findings.doubtful(subject, describe(each),
                        "give the catalogue a tag, which finds them all, or divide the account; "
                        "until then each is fetched when a client asks for its name");
    } else if (each.refused > 0) {
      findings.doubtful(subject, describe(each), "see what the agent's log says of each");
    } else {
      findings.good(subject, describe(each));
    }
  }
}

}  // namespace

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
  const Survey survey = store::kind_of(path).survey(path, workspace.clock().now());
  report_modes(path, survey, findings);
  report_owners(path, survey, findings);
  report_others(path, survey, findings);
  if (findings.all().size() == before) {
    findings.good("store", fmt::format("{} entries, all of them {}'s and nobody else's",
                                       survey.entries, survey.owner));
  }
  if (const auto room = store::look_at_state_room(path)) judge_room(path, *room, findings);
  report_leader(survey, store::read_fleet_note(path).has_value(), findings);
  report_catalogues(workspace, findings);
  report_fleet(path, findings);
}

}  // namespace ccm::cli
