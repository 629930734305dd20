// SPDX-License-Identifier: Apache-2.0
// What the file of a program or server module says: its release, and the records by which nginx and
// httpd decide whether a module fits. The file is read and never run, because somebody may have
// replaced it and ccmctl may be root. Values; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ccm::cli {

// Of nginx and of its modules (ngx_module_t): both parts must be equal.
struct NginxAbi {
  std::uint64_t version = 0;  // 1022001 is 1.22.1
  std::string signature;      // "8,4,8,0011…"
  friend bool operator==(const NginxAbi&, const NginxAbi&) = default;
};

// Of httpd and of its modules (struct module_struct): the major number must be equal, and the
// module's minor number not beyond httpd's (ap_mmn.h).
struct HttpdAbi {
  std::int32_t major = 0;  // 20120211
  std::int32_t minor = 0;
};

struct ProgramFile {
  std::string version;  // of this project (base/version.h); empty: not one of its programs
  std::optional<NginxAbi> nginx;
  std::optional<HttpdAbi> httpd;
};

// Reads the file's bytes; a member stays empty when the file does not have it. For 64-bit machines
// with the least significant byte first, because the records have that form in memory.
ProgramFile read_program(std::string_view bytes);
// `rejected` when it cannot be read.
Result<ProgramFile> read_program_file(const std::string& path);

// "1.22.1"
std::string nginx_version_text(std::uint64_t version);

// Why a module does not fit a server; empty when it does, or when either says nothing.
std::string misfit(const ProgramFile& module, const ProgramFile& server);

}  // namespace ccm::cli
