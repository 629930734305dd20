// SPDX-License-Identifier: Apache-2.0
#include "cli/input/import_input.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <iterator>
#include <optional>
#include <thread>

#include "base/file.h"
#include "cli/input/secret_input.h"
#include "crypto/certificate/pem.h"

namespace ccm::cli {
namespace {

using namespace std::chrono_literals;

using crypto::Certificate;
using crypto::KeyPair;
using crypto::KeyWithCertificates;

constexpr const char* kPasswordInstead = "name a file with --password-file";

// The names of the files in one directory, as certbot, mod_md (domains/NAME), this store
// (`current`) and most others use them.
struct Layout {
  const char* certificate;
  const char* chain;  // nullptr: it is in the certificate's file
};
constexpr std::array<Layout, 3> kLayouts{
    {{"fullchain.pem", nullptr}, {"pubcert.pem", nullptr}, {"cert.pem", "chain.pem"}}};
constexpr const char* kKeyFile = "privkey.pem";

bool is_there(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

Result<void> look_into_directory(ImportInput& input) {
  const std::string& directory = input.directory;
  for (const Layout& layout : kLayouts) {
    const std::string certificate = fmt::format("{}/{}", directory, layout.certificate);
    if (!is_there(certificate)) continue;
    input.certificate = certificate;
    if (layout.chain != nullptr) input.chain = fmt::format("{}/{}", directory, layout.chain);
    input.key = fmt::format("{}/{}", directory, kKeyFile);
    return {};
  }
  return fail(ErrorKind::invalid,
              fmt::format("{} holds no certificate called fullchain.pem, pubcert.pem or cert.pem; "
                          "name the files with --certificate and --key",
                          directory));
}

// Distinguishes one state of a file from another.
struct FileMark {
  ino_t inode;
  off_t size;
  std::chrono::nanoseconds changed;

  friend bool operator==(const FileMark&, const FileMark&) = default;
};

// nullopt when it is no plain file, such as a pipe, which ends when its writer does.
std::optional<FileMark> look_at(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return std::nullopt;
  return FileMark{.inode = file.st_ino,
                  .size = file.st_size,
                  .changed = std::chrono::seconds(file.st_mtim.tv_sec) +
                             std::chrono::nanoseconds(file.st_mtim.tv_nsec)};
}

// A chain that another program is still writing looks complete between two certificates. A file
// counts as finished when it has not changed for a second, by its own time or because we have seen
// it.
Result<Secret> read_finished(const std::string& path) {
  constexpr auto kQuiet = 1s;
  constexpr auto kBetweenLooks = 100ms;
  constexpr int kMostLooks = 300;
  std::optional<FileMark> last = look_at(path);
  auto unchanged = 0ms;
  for (int i = 0; last && i < kMostLooks; ++i) {
    const auto age = std::chrono::system_clock::now().time_since_epoch() - last->changed;
    const bool is_quiet = age >= kQuiet || unchanged >= kQuiet;
    Result<Secret> content = is_quiet ? read_input(path) : Result<Secret>(Secret());
    if (!content) return content;
    if (!is_quiet) std::this_thread::sleep_for(kBetweenLooks);
    const std::optional<FileMark> now = look_at(path);
    if (is_quiet && now == last) return content;
    unchanged = now == last ? unchanged + kBetweenLooks : 0ms;
    last = now;
  }
  if (!last) return read_input(path);
  return fail(
      ErrorKind::invalid,
      fmt::format("{} is being written again and again; import it when that is done", path));
}

Result<Secret> password_for(const ImportInput& input, const std::string& path) {
  return input.password_file.empty()
             ? ask(fmt::format("the password of {}", path), kPasswordInstead)
             : read_password(input.password_file);
}

Result<KeyPair> read_key(const ImportInput& input) {
  const std::string& path = input.key.empty() ? input.certificate : input.key;
  const Result<Secret> text = read_finished(path);
  if (!text) return fail(text.error());
  if (!crypto::has_encrypted_key(text->reveal())) {
    auto key = KeyPair::parse_pem(text->reveal());
    if (key) return key;
    return fail_with(std::move(key), input.key.empty() ? path + " (no --key is given)" : path);
  }
  const Result<Secret> password = password_for(input, path);
  if (!password) return fail(password.error());
  auto key = crypto::decrypt_key_pem(text->reveal(), *password);
  if (!key) return fail_with(std::move(key), path);
  return key;
}

Result<std::vector<Certificate>> read_certificates(const std::string& path) {
  const Result<Secret> text = read_finished(path);
  if (!text) return fail(text.error());
  auto certificates = crypto::parse_certificates_pem(text->reveal());
  if (!certificates) return fail_with(std::move(certificates), path);
  if (certificates->empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: it holds no BEGIN CERTIFICATE block; DER and PKCS #7 files are "
                            "made PEM with openssl x509 and openssl pkcs7",
                            path));
  }
  return certificates;
}

Result<KeyWithCertificates> read_pem(const ImportInput& input) {
  auto certificates = read_certificates(input.certificate);
  if (!certificates) return pass(std::move(certificates));
  if (!input.chain.empty()) {
    auto chain = read_certificates(input.chain);
    if (!chain) return pass(std::move(chain));
    std::move(chain->begin(), chain->end(), std::back_inserter(*certificates));
  }
  auto key = read_key(input);
  if (!key) return pass(std::move(key));
  return KeyWithCertificates{*std::move(key), *std::move(certificates)};
}

Result<KeyWithCertificates> read_pkcs12(const ImportInput& input) {
  const std::string& path = input.pkcs12;
  const Result<Secret> file = read_finished(path);
  if (!file) return fail(file.error());
  // Many files have no password at all.
  auto content = input.password_file.empty()
                     ? crypto::parse_pkcs12(file->bytes(), Secret())
                     : Result<KeyWithCertificates>(fail(ErrorKind::unauthorized, ""));
  if (!content && content.error().kind() == ErrorKind::unauthorized) {
    const Result<Secret> password = password_for(input, path);
    if (!password) return fail(password.error());
    content = crypto::parse_pkcs12(file->bytes(), *password);
  }
  if (!content) return fail_with(std::move(content), path);
  return content;
}

}  // namespace

Result<KeyWithCertificates> read_import(ImportInput input) {
  if (!input.directory.empty()) {
    if (auto found = look_into_directory(input); !found) return pass(std::move(found));
  }
  auto content = input.pkcs12.empty() ? read_pem(input) : read_pkcs12(input);
  // A wrong password is no refusal by the cloud.
  if (!content) return fail(std::move(content).error().with_kind(ErrorKind::invalid));
  return content;
}

}  // namespace ccm::cli
