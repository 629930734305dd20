// SPDX-License-Identifier: Apache-2.0
// A certificate as the files that a server's documentation asks for (operations.json,
// ExportCertificate of PCA), made here from any source. Pure except write_files().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/certificate/bundle.h"

namespace ccm::cli {

// nginx, apache, iis, tomcat, other: the names and files that the cloud uses; pem: the files that
// the store uses; pkcs12, jks: only the key store.
const std::vector<std::string>& export_formats();
// Whether a password must be given. iis and tomcat put one into keystorePass.txt themselves.
bool wants_password(std::string_view format) noexcept;
// Whether the format uses a password.
bool takes_password(std::string_view format) noexcept;

struct ExportedFile {
  std::string name;
  Secret content;
};

// `alias` names the key in a key store. Without a password, a format that has a file for it gets a
// random one.
Result<std::vector<ExportedFile>> export_files(const crypto::Bundle& bundle,
                                               std::string_view format, const std::string& alias,
                                               const Secret& password, Time now);
// `invalid` when one of the files already exists in the directory.
Result<void> check_absent(const std::string& directory, const std::vector<ExportedFile>& files);
// Writes files that only their owner can read; makes the directory if it is missing. `invalid` when
// a file already exists, unless it may be replaced.
Result<void> write_files(const std::string& directory, const std::vector<ExportedFile>& files,
                         bool overwrite);

}  // namespace ccm::cli
