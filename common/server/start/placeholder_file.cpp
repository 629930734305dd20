// SPDX-License-Identifier: Apache-2.0
#include "server/start/placeholder_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/memory_file.h"
#include "base/write_all.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/pem.h"
#include "crypto/certificate/placeholder.h"

namespace ccm::server {
namespace {

constexpr std::string_view kActivity = "creating a placeholder certificate";
constexpr std::string_view kFileName = "placeholder.pem";
constexpr crypto::KeyType kKeyType{crypto::KeyAlgorithm::ecdsa, 256};

Result<void> append(int file, std::string_view text) {
  if (write_all(file, text)) return {};
  return fail(system_error("writing a placeholder certificate", errno));
}

std::vector<std::string> usable(const std::vector<std::string>& names) {
  std::vector<std::string> canonical;
  for (const std::string& name : names) {
    if (auto parsed = crypto::parse_server_name(name)) canonical.push_back(*std::move(parsed));
  }
  return canonical;
}

}  // namespace

Result<void> PlaceholderFile::make_key() {
  auto key = crypto::KeyPair::generate(kKeyType);
  if (!key) return pass(std::move(key));
  auto pem = key->to_pem();
  if (!pem) return pass(std::move(pem));
  key_ = *std::move(key);
  key_pem_ = *std::move(pem);
  return {};
}

PlaceholderFile::PlaceholderFile(PlaceholderFile&& other) noexcept {
  *this = std::move(other);
}

PlaceholderFile& PlaceholderFile::operator=(PlaceholderFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(directory_, other.directory_);
  std::swap(key_, other.key_);
  std::swap(key_pem_, other.key_pem_);
  return *this;
}

PlaceholderFile::~PlaceholderFile() {
  if (directory_.empty()) return;
  static_cast<void>(unlink(path().c_str()));
  static_cast<void>(rmdir(directory_.c_str()));
}

std::string PlaceholderFile::path(std::string_view detour) const {
  if (!file_) return {};
  if (directory_.empty()) return fmt::format("/proc/self/fd/{}{}", detour, file_.get());
  return fmt::format("{}/{}{}", directory_, detour, kFileName);
}

Result<void> PlaceholderFile::make_file(const std::string& last_resort) {
  if (can_open_again()) {
    auto made = make_memory_file("ccm-placeholder", last_resort);
    if (!made) return fail_with(std::move(made), kActivity);
    file_ = std::move(made->file);
    return {};
  }
  auto directory = make_memory_directory(last_resort);
  if (!directory) return fail_with(std::move(directory), kActivity);
  directory_ = *std::move(directory);
  const std::string name = fmt::format("{}/{}", directory_, kFileName);
  file_ = FileDescriptor(
      open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file_) return fail(system_error(kActivity, errno));
  return {};
}

Result<void> PlaceholderFile::write(const std::vector<std::string>& names, Chain chain, Time now,
                                    const std::string& last_resort) {
  if (!key_) {
    if (auto made = make_key(); !made) return made;
  }
  if (!file_) {
    if (auto made = make_file(last_resort); !made) return made;
  }
  auto bundle = crypto::make_placeholder(*key_, usable(names), now);
  if (!bundle) return pass(std::move(bundle));
  if (ftruncate(file_.get(), 0) != 0 || lseek(file_.get(), 0, SEEK_SET) != 0) {
    return fail(system_error("writing a placeholder certificate", errno));
  }
  std::vector<crypto::Certificate> certificates{bundle->leaf()};
  if (chain == Chain::leaf_and_issuer) certificates.push_back(bundle->leaf());
  auto written = append(file_.get(), crypto::to_pem(certificates));
  if (written) written = append(file_.get(), key_pem_.reveal());
  return written;
}

}  // namespace ccm::server
