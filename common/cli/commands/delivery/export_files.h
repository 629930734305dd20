// SPDX-License-Identifier: Apache-2.0
// A certificate as the files a server's documentation asks for (operations.json, ExportCertificate
// of PCA), made here whatever the source. Pure but for write_files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/certificate/bundle.h"

namespace ccm::cli {

// nginx, apache, iis, tomcat, other: as the cloud names and packs them; pem: as the store has it;
// pkcs12, jks: the key store alone.
const std::vector<std::string>& export_formats();
// Whether somebody has to give a password; iis and tomcat bring one in keystorePass.txt.
bool wants_password(std::string_view format) noexcept;
// Whether a password would be of use.
bool takes_password(std::string_view format) noexcept;

struct ExportedFile {
  std::string name;
  Secret content;
};

// `alias` names the key in a key store. An empty password is made up where the format brings it.
Result<std::vector<ExportedFile>> export_files(const crypto::Bundle& bundle,
                                               std::string_view format, const std::string& alias,
                                               const Secret& password, Time now);
// `invalid` when one of the files is in the directory already.
Result<void> check_absent(const std::string& directory, const std::vector<ExportedFile>& files);
// Writes owner-only files into the directory, which is made when missing. `invalid` when one is
// there already, unless that is meant.
Result<void> write_files(const std::string& directory, const std::vector<ExportedFile>& files,
                         bool overwrite);

}  // namespace ccm::cli
