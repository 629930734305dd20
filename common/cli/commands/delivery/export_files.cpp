// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/delivery/export_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "crypto/certificate/pem.h"
#include "crypto/digest.h"
#include "crypto/key/keystore.h"

namespace ccm::cli {
namespace {

using crypto::Bundle;
using Files = std::vector<ExportedFile>;

Secret text(std::string_view content) {
  return Secret::copy_of(content);
}

Result<Secret> made_up_password() {
  constexpr std::size_t kBytes = 12;
  auto bytes = crypto::random_bytes(kBytes);
  if (!bytes) return bytes;
  return text(crypto::to_hex(bytes->bytes()));
}

struct Names {
  const char* certificate;
  const char* chain;  // nullptr: it is in the certificate's file
};

Result<Files> pem_files(const Bundle& bundle, const char* key_name, const Names& names) {
  auto key = bundle.key().to_pem();
  if (!key) return pass(std::move(key));
  Files files;
  files.push_back({key_name, *std::move(key)});
  if (names.chain == nullptr) {
    files.push_back({names.certificate, text(crypto::to_pem(bundle.chain()))});
    return files;
  }
  const std::vector<crypto::Certificate> chain(bundle.chain().begin() + 1, bundle.chain().end());
  files.push_back({names.certificate, text(bundle.leaf().to_pem())});
  files.push_back({names.chain, text(crypto::to_pem(chain))});
  return files;
}

}  // namespace

const std::vector<std::string>& export_formats() {
  static const auto* const kFormats = new std::vector<std::string>{
      "nginx", "apache", "iis", "tomcat", "other", "pem", "pkcs12", "jks"};
  return *kFormats;
}

bool wants_password(std::string_view format) noexcept {
  return format == "pkcs12" || format == "jks";
}

bool takes_password(std::string_view format) noexcept {
  return wants_password(format) || format == "iis" || format == "tomcat";
}

Result<Files> export_files(const Bundle& bundle, std::string_view format, const std::string& alias,
                           const Secret& given, Time now) {
  if (format == "nginx") return pem_files(bundle, "server.key", {"server.crt", nullptr});
  if (format == "apache") return pem_files(bundle, "server.key", {"server.crt", "chain.crt"});
  if (format == "other") return pem_files(bundle, "server.key", {"server.pem", "chain.pem"});
  if (format == "pem") return pem_files(bundle, "privkey.pem", {"fullchain.pem", nullptr});
  Result<Secret> password = given.empty() ? made_up_password() : given.clone();
  if (!password) return pass(std::move(password));
  const bool is_java = format == "tomcat" || format == "jks";
  auto store = is_java ? crypto::to_jks(bundle, alias, *password, now)
                       : crypto::to_pkcs12(bundle, alias, *password);
  if (!store) return pass(std::move(store));
  Files files;
  const char* name = is_java ? "server.jks" : format == "iis" ? "server.pfx" : "server.p12";
  files.push_back({name, *std::move(store)});
  if (!wants_password(format)) files.push_back({"keystorePass.txt", *std::move(password)});
  return files;
}

Result<void> check_absent(const std::string& directory, const Files& files) {
  for (const ExportedFile& file : files) {
    const std::string path = fmt::format("{}/{}", directory, file.name);
    if (access(path.c_str(), F_OK) != 0) continue;
    return fail(ErrorKind::invalid,
                fmt::format("{} is there already; give --force to replace it", path));
  }
  return {};
}

Result<void> write_files(const std::string& directory, const Files& files, bool overwrite) {
  if (auto made = make_directories(directory); !made) return made;
  if (!overwrite) {
    if (auto absent = check_absent(directory, files); !absent) return absent;
  }
  for (const ExportedFile& file : files) {
    auto done =
        write_file_atomically(fmt::format("{}/{}", directory, file.name), file.content.reveal());
    if (!done) return done;
  }
  return {};
}

}  // namespace ccm::cli
