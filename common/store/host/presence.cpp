// SPDX-License-Identifier: Apache-2.0
#include "store/host/presence.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "base/file.h"
#include "crypto/digest.h"

namespace ccm::store {
namespace {

constexpr std::uint64_t kMagic = 0x31544e4741'4d4343;  // "CCMAGNT1"
constexpr off_t kAgentLock = 0;
constexpr off_t kServerLock = 1;
constexpr Seconds kFrozen{30};
// As on the server's own page (server/status/status_report.h).
constexpr Seconds kLate{9};
constexpr std::uint32_t kMostRows = 1U << 20U;
constexpr unsigned kMostLooks = 8;

// In the host's own byte order, because no other host reads it.
struct Header {
  std::uint64_t magic = kMagic;
  std::uint64_t sequence = 0;  // odd while the rows are being replaced
  std::int64_t beat = 0;       // nanoseconds of the steady clock
  std::int64_t since = 0;      // seconds of UTC
  std::uint32_t pid = 0;
  std::uint32_t leads = 0;
  std::uint32_t row_count = 0;
  std::uint32_t flaws = 0;  // bits of AgentFlaws
};
// After the rows. An agent of an earlier release writes none.
struct Trailer {
  std::uint32_t silent_workers = 0;
  std::int32_t longest = 0;       // the process that is silent the longest
  std::int64_t silent_since = 0;  // its last sign of life; nanoseconds of the steady clock
};
static_assert(sizeof(Trailer) == 16 && sizeof(Header) == 48 && sizeof(PresenceRow) == 16,
              "a file that two programs share");

std::uint64_t key_of(std::string_view name) {
  const auto digest = crypto::sha256(std::as_bytes(std::span(name)));
  std::uint64_t key = 0;
  std::memcpy(&key, digest.data(), sizeof key);
  return key;
}

template <typename Rows>
auto row_of(Rows& rows, std::uint64_t key) {
  const auto row =
      std::lower_bound(rows.begin(), rows.end(), key,
                       [](const PresenceRow& each, std::uint64_t want) { return each.key < want; });
  return row != rows.end() && row->key == key ? row : rows.end();
}

struct flock byte(off_t at) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  return lock;
}

bool take(int file, off_t at) {
  struct flock lock = byte(at);
  return fcntl(file, F_OFD_SETLK, &lock) == 0;
}

// nullopt when the file system has no such locks.
std::optional<bool> is_taken(int file, off_t at) {
  struct flock lock = byte(at);
  if (fcntl(file, F_OFD_GETLK, &lock) != 0) return std::nullopt;
  return lock.l_type != F_UNLCK;
}

// Refuses a FIFO or a link in the file's place, even without the store's owner's help.
FileDescriptor open_presence(const std::string& path, int flags) {
  FileDescriptor file(
      open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, kOwnerOnlyFile));
  struct stat facts {};
  if (file && (fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))) {
    file.reset();
    errno = EINVAL;
  }
  return file;
}

constexpr std::size_t trailer_at(std::size_t rows) noexcept {
  return sizeof(Header) + rows * sizeof(PresenceRow);
}

bool write_at(int file, const void* bytes, std::size_t size, std::size_t at) noexcept {
  return pwrite(file, bytes, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
}

bool read_at(int file, void* bytes, std::size_t size, std::size_t at) {
  return pread(file, bytes, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
}

// All rows of one moment. A writer that replaces them makes the sequence odd meanwhile.
std::optional<Header> read_table(int file, std::vector<PresenceRow>& rows) {
  for (unsigned look = 0; look < kMostLooks; ++look) {
    Header before;
    Header after;
    if (!read_at(file, &before, sizeof before, 0) || before.magic != kMagic ||
        before.row_count > kMostRows) {
      return std::nullopt;
    }
    rows.resize(before.row_count);
    const bool is_whole =
        read_at(file, rows.data(), rows.size() * sizeof(PresenceRow), sizeof before);
    if (!read_at(file, &after, sizeof after, 0)) return std::nullopt;
    if (is_whole && before.sequence % 2 == 0 && before.sequence == after.sequence) return after;
  }
  return std::nullopt;
}

SteadyTime steady_time(std::int64_t nanoseconds) {
  return SteadyTime(std::chrono::nanoseconds(nanoseconds));
}

Seconds between(SteadyTime then, SteadyTime now) {
  return std::max(Seconds(0), std::chrono::duration_cast<Seconds>(now - then));
}

SilentWorkers read_silent_workers(int file, std::size_t rows, SteadyTime now) {
  Trailer trailer;
  const bool is_told = read_at(file, &trailer, sizeof trailer, trailer_at(rows));
  if (!is_told || trailer.silent_workers == 0 || trailer.longest <= 1) return {};
  return {.count = trailer.silent_workers,
          .longest = trailer.longest,
          .silence = between(steady_time(trailer.silent_since), now)};
}

}  // namespace

std::string presence_path(const std::string& state_path, const ServerId& server) {
  return fmt::format("{}/{}{}", state_path, kPresencePrefix, to_string(server));
}

Presence::Presence(const std::string& state_path, Facts facts)
    : path_(presence_path(state_path, facts.server)), facts_(std::move(facts)) {
  for (const std::string& name : facts_.names) rows_.push_back({.key = key_of(name), .version = 0});
  std::sort(rows_.begin(), rows_.end(),
            [](const PresenceRow& a, const PresenceRow& b) { return a.key < b.key; });
}

bool Presence::is_in_place() const {
  struct stat ours {};
  struct stat named {};
  return fstat(file_.get(), &ours) == 0 && lstat(path_.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

Result<void> Presence::claim(SteadyTime now) {
  if (file_ && is_in_place()) return {};
  file_.reset();
  FileDescriptor file = open_presence(path_, O_RDWR | O_CREAT);
  if (!file) return fail(system_error("open " + path_, errno));
  if (is_taken(file.get(), kAgentLock).value_or(false) ||
      (!take(file.get(), kAgentLock) && (errno == EAGAIN || errno == EACCES))) {
    return fail(ErrorKind::transient,
                fmt::format("{}: another agent of this server still lives", path_));
  }
  file_ = std::move(file);
  // The file was removed between opening and locking. The next call makes a new one.
  if (!is_in_place()) {
    file_.reset();
    return fail(ErrorKind::transient, fmt::format("{}: it was just removed", path_));
  }
  write_all(now);
  return {};
}

FileDescriptor Presence::lock_for_server() const {
  FileDescriptor file = open_presence(path_, O_RDWR);
  if (file && take(file.get(), kServerLock)) return file;
  return {};
}

void Presence::write_head(SteadyTime now) const noexcept {
  const Header header{.sequence = sequence_,
                      .beat = std::chrono::nanoseconds(now.time_since_epoch()).count(),
                      .since = facts_.since.time_since_epoch().count(),
                      .pid = facts_.pid,
                      .leads = leads_ ? 1U : 0U,
                      .row_count = static_cast<std::uint32_t>(rows_.size()),
                      .flaws = flaws_.bits()};
  static_cast<void>(write_at(file_.get(), &header, sizeof header, 0));
}

void Presence::write_trailer() const noexcept {
  const Trailer trailer{
      .silent_workers = silent_.count,
      .longest = silent_.longest,
      .silent_since = std::chrono::nanoseconds(silent_since_.time_since_epoch()).count()};
  static_cast<void>(write_at(file_.get(), &trailer, sizeof trailer, trailer_at(rows_.size())));
}

void Presence::write_all(SteadyTime now) {
  Header before;
  const bool is_known = read_at(file_.get(), &before, sizeof before, 0) && before.magic == kMagic;
  sequence_ = ((is_known ? before.sequence : 0) | 1U) + 2;
  write_head(now);
  static_cast<void>(
      write_at(file_.get(), rows_.data(), rows_.size() * sizeof(PresenceRow), sizeof(Header)));
  write_trailer();
  ++sequence_;
  write_head(now);
  const std::size_t size = trailer_at(rows_.size()) + sizeof(Trailer);
  static_cast<void>(ftruncate(file_.get(), static_cast<off_t>(size)) != 0);
}

Result<void> Presence::beat(SteadyTime now) const {
  if (!file_) return {};
  const std::int64_t beat = std::chrono::nanoseconds(now.time_since_epoch()).count();
  if (write_at(file_.get(), &beat, sizeof beat, offsetof(Header, beat))) return {};
  return fail(system_error("write " + path_, errno));
}

void Presence::serves(std::string_view name, VersionNumber version) noexcept {
  const auto row = row_of(rows_, key_of(name));
  if (row == rows_.end() || row->version == version) return;
  row->version = version;
  if (!file_) return;
  const auto index = static_cast<std::size_t>(row - rows_.begin());
  static_cast<void>(
      write_at(file_.get(), &*row, sizeof *row, sizeof(Header) + index * sizeof(PresenceRow)));
}

void Presence::leads() noexcept {
  leads_ = true;
  const std::uint32_t value = 1;
  if (file_)
    static_cast<void>(write_at(file_.get(), &value, sizeof value, offsetof(Header, leads)));
}

void Presence::has(AgentFlaws flaws) noexcept {
  if (std::exchange(flaws_, flaws) == flaws || !file_) return;
  const std::uint32_t bits = flaws.bits();
  static_cast<void>(write_at(file_.get(), &bits, sizeof bits, offsetof(Header, flaws)));
}

void Presence::sees(const SilentWorkers& silent, SteadyTime now) noexcept {
  const bool is_known = silent.count == silent_.count && silent.longest == silent_.longest;
  if (is_known) return;
  silent_ = silent;
  silent_since_ = silent.count == 0 ? SteadyTime{} : now - silent.silence;
  if (file_) write_trailer();
}

bool AgentSighting::is_frozen() const noexcept {
  return is_alive && silence && *silence > kFrozen;
}

bool AgentSighting::is_late() const noexcept {
  return is_alive && silence && *silence > kLate;
}

std::optional<VersionNumber> AgentSighting::serves(std::string_view name) const {
  const auto row = row_of(rows, key_of(name));
  if (row == rows.end() || row->version == 0) return std::nullopt;
  return row->version;
}

AgentSighting look_at_agent(const std::string& state_path, const ServerId& server, SteadyTime now) {
  AgentSighting seen;
  const FileDescriptor file = open_presence(presence_path(state_path, server), O_RDONLY);
  struct stat facts {};
  if (!file || fstat(file.get(), &facts) != 0) return seen;
  seen.last_seen = Time(Seconds(facts.st_mtim.tv_sec));
  const auto header = read_table(file.get(), seen.rows);
  if (header) {
    seen.pid = header->pid;
    seen.since = Time(Seconds(header->since));
    seen.leads = header->leads != 0;
    seen.flaws = AgentFlaws(header->flaws);
    // After a start of the machine the steady clock begins anew.
    seen.silence = between(steady_time(header->beat), now);
    seen.silent_workers = read_silent_workers(file.get(), seen.rows.size(), now);
  }
  const bool is_fresh = seen.silence && *seen.silence <= kFrozen;
  seen.is_alive = is_taken(file.get(), kAgentLock).value_or(is_fresh);
  seen.has_server = is_taken(file.get(), kServerLock).value_or(is_fresh);
  if (!seen.is_alive) {
    seen.silence.reset();
    seen.leads = false;
    seen.flaws = {};
    seen.silent_workers = {};
  }
  return seen;
}

}  // namespace ccm::store
