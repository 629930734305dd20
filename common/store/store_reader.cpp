// SPDX-License-Identifier: Apache-2.0
#include "store/store_reader.h"

#include <fmt/format.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/handle.h"
#include "crypto/ocsp.h"
#include "store/version_files.h"

namespace ccm::store {
namespace {

// A version may be pruned while it is read; then `current` has moved on and is read again.
constexpr int kAttempts = 4;
// So many older versions are tried: a server waits for it, and none keeps more that are all
// damaged.
constexpr int kMostOlderTries = 8;

struct Pointer {
  VersionNumber number = 0;
  // Set when `current` is there but is not what it should be.
  std::optional<Error> damage;
};

Pointer read_pointer(const std::string& certificate_path) {
  const std::string path = certificate_path + "/current";
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = readlink(path.c_str(), buffer.data(), buffer.size());
  if (size < 0 && errno == ENOENT) return {};
  if (size < 0) {
    return {.damage = Error(
                ErrorKind::invalid,
                fmt::format("{} is not a readable symbolic link: {}", path, errno_text(errno)))};
  }
  std::string_view target(buffer.data(), static_cast<std::size_t>(size));
  constexpr std::string_view kPrefix = "versions/";
  Pointer pointer;
  if (target.starts_with(kPrefix)) {
    pointer.number = parse_version_number(target.substr(kPrefix.size()));
  }
  if (pointer.number == 0) {
    pointer.damage =
        Error(ErrorKind::invalid, fmt::format("{} does not point at versions/N", path));
  }
  return pointer;
}

Result<std::vector<VersionNumber>> newest_first(const std::string& certificate_path) {
  Result<std::vector<std::string>> names =
      list_directory(certificate_path + "/versions", Links::nowhere);
  if (!names) return pass(std::move(names));
  std::vector<VersionNumber> numbers;
  for (const std::string& name : *names) {
    if (const VersionNumber number = parse_version_number(name)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  return numbers;
}

Result<StoredCertificate> read_version(const std::string& certificate_path, VersionNumber number) {
  return read_version_files(fmt::format("{}/versions/{}", certificate_path, number), number);
}

// The newest intact version older than what the pointer says; any, when it says nothing. A version
// without any pointer is a first installation that was cut short after all of it was on disk.
Result<StoreReader::Loaded> load_older(const std::string& certificate_path, Pointer pointer) {
  StoreReader::Loaded loaded{.certificate = {}, .damage = std::move(pointer.damage)};
  Result<std::vector<VersionNumber>> numbers = newest_first(certificate_path);
  if (!numbers) return pass(std::move(numbers));
  int tried = 0;
  for (const VersionNumber number : *numbers) {
    if (pointer.number != 0 && number >= pointer.number) continue;
    if (++tried > kMostOlderTries) break;
    Result<StoredCertificate> older = read_version(certificate_path, number);
    if (older) {
      loaded.certificate = std::move(*older);
      break;
    }
    if (!loaded.damage) loaded.damage = std::move(older).error();
  }
  return loaded;
}

}  // namespace

const crypto::Certificate* issuer_of(const crypto::Bundle& bundle) noexcept {
  return bundle.chain().size() > 1 ? &bundle.chain()[1] : nullptr;
}

std::vector<std::byte> staple_of(const StoredCertificate& stored, Time now) {
  const crypto::Certificate* issuer = issuer_of(stored.bundle);
  if (issuer == nullptr || stored.ocsp_response.empty()) return {};
  const Result<crypto::OcspAnswer> answer =
      crypto::judge_ocsp_response(stored.ocsp_response, stored.bundle.leaf(), *issuer, now);
  const bool is_good = answer && answer->status == crypto::OcspStatus::good;
  return is_good ? stored.ocsp_response : std::vector<std::byte>();
}

// Without the links on the way to it, which are root's (state_directory.h): below it none counts.
StoreReader::StoreReader(std::string state_path) : state_path_(std::move(state_path)) {
  if (!state_path_.starts_with('/')) return;
  const Handle<char, free> real(realpath(state_path_.c_str(), nullptr));
  if (real != nullptr) state_path_ = real.get();
}

std::string StoreReader::certificate_path(const std::string& name) const {
  return fmt::format("{}/certificates/{}", state_path_, name);
}

Result<StoreReader::Loaded> StoreReader::load(const std::string& name) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  const std::string path = certificate_path(name);
  Pointer pointer = read_pointer(path);
  for (int attempt = 1; pointer.number != 0; ++attempt) {
    Result<StoredCertificate> current = read_version(path, pointer.number);
    if (current) return Loaded{.certificate = std::move(*current), .damage = {}};
    Pointer again = read_pointer(path);
    if (again.number == pointer.number || attempt == kAttempts) {
      pointer.damage = std::move(current).error();
      break;
    }
    pointer = std::move(again);
  }
  return load_older(path, std::move(pointer));
}

VersionNumber StoreReader::current_version(const std::string& name) const noexcept {
  try {
    return check_entry_name(name) ? read_pointer(certificate_path(name)).number : 0;
  } catch (...) {
    return 0;  // out of memory: asked again at the next look
  }
}

// Every response is a new file, and an inode that is used again has another time.
std::uint64_t StoreReader::response_stamp(const std::string& name) const noexcept {
  try {
    const std::string path = fmt::format("{}/current/{}", certificate_path(name), kOcspResponse);
    struct stat status = {};
    if (!check_entry_name(name) || stat(path.c_str(), &status) != 0) return 0;
    constexpr std::uint64_t kNanoseconds = 1'000'000'000;
    return (static_cast<std::uint64_t>(status.st_mtim.tv_sec) * kNanoseconds +
            static_cast<std::uint64_t>(status.st_mtim.tv_nsec)) ^
           (static_cast<std::uint64_t>(status.st_ino) << 32U);
  } catch (...) {
    return 0;  // out of memory: asked again at the next look
  }
}

Result<std::vector<VersionInfo>> StoreReader::history(const std::string& name) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  const std::string path = certificate_path(name);
  Result<std::vector<VersionNumber>> numbers = newest_first(path);
  if (!numbers) return pass(std::move(numbers));
  std::vector<VersionInfo> infos;
  for (const VersionNumber number : *numbers) {
    Result<StoredCertificate> version = read_version(path, number);
    if (version) infos.push_back(std::move(version->info));
  }
  return infos;
}

std::vector<VersionNumber> StoreReader::versions(const std::string& name) const {
  if (!check_entry_name(name)) return {};
  return newest_first(certificate_path(name)).value_or(std::vector<VersionNumber>());
}

Result<StoredCertificate> StoreReader::load_version(const std::string& name,
                                                    VersionNumber version) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  return read_version(certificate_path(name), version);
}

Result<StoreReader::Glance> StoreReader::glance(const std::string& name,
                                                VersionNumber version) const {
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  return glance_at_version_files(fmt::format("{}/versions/{}", certificate_path(name), version),
                                 version);
}

Result<std::vector<std::string>> StoreReader::names() const {
  Result<std::vector<std::string>> names =
      list_directory(state_path_ + "/certificates", Links::nowhere);
  if (!names) return names;
  std::erase_if(*names, [this](const std::string& name) {
    struct stat status = {};
    return !check_entry_name(name) ||
           (lstat(certificate_path(name).c_str(), &status) == 0 && !S_ISDIR(status.st_mode));
  });
  return names;
}

}  // namespace ccm::store
