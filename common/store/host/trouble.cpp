// SPDX-License-Identifier: Apache-2.0
#include "store/host/trouble.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"

namespace ccm::store {
namespace {

constexpr std::size_t kLargestTrouble = 64U << 10U;

std::string name_of_file(const ServerId& server) {
  return fmt::format("{}{}", kTroublePrefix, to_string(server));
}

FileDescriptor open_directory(const std::string& path) {
  return FileDescriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// The temporary name is always the same. A file of that name was left by a monitor that was killed.
void write_into(int directory, const std::string& name, const std::string& content) {
  const std::string temporary = fmt::format("{}{}trouble", name, kTemporaryMark);
  struct stat owner {};
  if (fstat(directory, &owner) != 0) return;
  unlinkat(directory, temporary.c_str(), 0);
  const FileDescriptor file(openat(directory, temporary.c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                                   kOwnerOnlyFile));
  const bool is_written =
      file &&
      write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
      (owner.st_uid == geteuid() || fchown(file.get(), owner.st_uid, owner.st_gid) == 0) &&
      renameat(directory, temporary.c_str(), directory, name.c_str()) == 0;
  if (!is_written) unlinkat(directory, temporary.c_str(), 0);
}

}  // namespace

std::string trouble_path(const std::string& state_path, const ServerId& server) {
  return fmt::format("{}/{}", state_path, name_of_file(server));
}

std::optional<Trouble> read_trouble(const std::string& state_path, const ServerId& server) {
  const auto text = read_file(trouble_path(state_path, server), kLargestTrouble);
  if (!text) return std::nullopt;
  const auto record = Record::parse(*text);
  if (!record) return std::nullopt;
  const auto deaths = record->find_number("deaths");
  const auto last = record->find_number("last");
  if (!deaths || !last || *deaths <= 0) return std::nullopt;
  return Trouble{.deaths = static_cast<std::uint64_t>(*deaths),
                 .last = Time(Seconds(*last)),
                 .last_words = std::string(record->find("last_words").value_or(""))};
}

TroubleFile::TroubleFile(std::string state_path, ServerId server)
    : state_path_(std::move(state_path)), server_(std::move(server)) {
  remove();
}

void TroubleFile::remove() const {
  if (state_path_.empty()) return;
  const FileDescriptor directory = open_directory(state_path_);
  if (directory) unlinkat(directory.get(), name_of_file(server_).c_str(), 0);
}

void TroubleFile::add(Time now, std::string last_words) {
  ++trouble_.deaths;
  trouble_.last = now;
  if (!last_words.empty()) trouble_.last_words = std::move(last_words);
  const FileDescriptor directory =
      state_path_.empty() ? FileDescriptor() : open_directory(state_path_);
  if (!directory) return;
  Record record;
  record.add("deaths", fmt::format("{}", trouble_.deaths));
  record.add("last", fmt::format("{}", trouble_.last.time_since_epoch().count()));
  record.add("last_words", trouble_.last_words);
  write_into(directory.get(), name_of_file(server_), record.serialize());
}

void TroubleFile::clear() {
  if (trouble_.deaths == 0) return;
  trouble_ = Trouble();
  remove();
}

}  // namespace ccm::store
