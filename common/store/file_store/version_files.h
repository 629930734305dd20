// SPDX-License-Identifier: Apache-2.0
// The files of one installed version, in the forms that servers want. Its `version` record holds
// their checksums. The store's reader and writer share this file; it needs only base and crypto.
// Any thread; callers serialise writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/certificate/bundle.h"
#include "store/entry_name.h"
#include "store/store_reader.h"

namespace ccm::store {

// The name of the file with the OCSP response, DER.
inline constexpr std::string_view kOcspResponse = "ocsp.der";

// "12" -> 12; 0 for anything that is not the canonical form of a version number.
VersionNumber parse_version_number(std::string_view text) noexcept;

// Writes fullchain.pem, cert.pem, chain.pem, privkey.pem and version into an empty directory, each
// synced.
Result<void> write_version_files(const std::string& directory, const crypto::Bundle& bundle,
                                 const VersionInfo& info);
// Replaces the OCSP response beside a version; an empty one removes it. Fine when it is gone.
Result<void> write_ocsp_response(const std::string& directory, std::span<const std::byte> der);
// Reads them back: every file is there with the checksum that `version` states, key and chain fit,
// and `version` says of the leaf what is true. The error names the file.
Result<StoredCertificate> read_version_files(const std::string& directory, VersionNumber number);
// What the record alone says of the version. An error when it is not that version's, or when a file
// is missing or was written after the record.
Result<VersionInfo> describe_version_files(const std::string& directory, VersionNumber number);
// The file of the version that its owner has no right to read, as a sentence. Only root can read
// such a file without noticing.
std::optional<Error> find_denied(const std::string& directory);
// Numbers that change whenever a file of the version, or its OCSP response, changes or gets other
// rights; 0 when there is no version, or no response.
std::uint64_t stamp_version_files(const std::string& directory);
std::uint64_t stamp_response(const std::string& directory);
// Reads only the record and the leaf. Verifies only that the leaf is the recorded one.
Result<StoreReader::Glance> glance_at_version_files(const std::string& directory,
                                                    VersionNumber number);

}  // namespace ccm::store
