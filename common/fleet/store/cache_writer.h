// SPDX-License-Identifier: Apache-2.0
// Writes what the fleet has into a file store of this host, under the fleet's version numbers. A
// host, and its servers, which know nothing of a fleet, serve from there through any outage. As
// safe against crashes as the file store itself. Callers serialise writers and hold the file
// store's lease.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "fleet/store/fleet_entry.h"
#include "store/file_store/file_reader.h"

namespace ccm::fleet {

// The code of errors about this host's files, which distinguishes them from etcd's.
inline constexpr std::string_view kCopyFailed = "fleet.copy";
template <typename T>
Result<T> in_copy(Result<T> done) {
  if (done) return done;
  return fail(std::move(done).error().with_code(std::string(kCopyFailed), ""));
}

class CacheWriter {
 public:
  explicit CacheWriter(const store::FileReader& reader) : reader_(reader) {}

  // Writes a version with its response, in place of another one with that number.
  Result<void> add_version(const std::string& name, const store::StoredCertificate& version) const;
  // True when the response has changed.
  Result<bool> keep_response(const std::string& name, store::VersionNumber number,
                             std::span<const std::byte> der) const;
  // SHA-256 of a version's response; empty when it has none.
  std::string response_digest(const std::string& name, store::VersionNumber number) const;
  Result<void> point_at(const std::string& name, store::VersionNumber number) const;
  // Removes all versions that the head does not name. True when there were any. What cannot be
  // removed now is removed the next time.
  bool remove_versions_beside(const std::string& name, const Head& head) const;
  // Keeps what is known of the certificate's head across restarts.
  Result<void> note_head(const std::string& name, const Head& head) const;
  std::optional<Head> noted_head(const std::string& name) const;

  // True when the record has changed.
  Result<bool> put_record(const std::string& name, const std::string& kind,
                          const store::StoredRecord& record) const;
  Result<bool> remove_record(const std::string& name, const std::string& kind) const;
  // Removes the entry with everything in it. False when there is none.
  Result<bool> remove_entry(const std::string& name) const;

 private:
  static Result<void> promote(const std::string& temporary, const std::string& version);
  std::string version_path(const std::string& name, store::VersionNumber number) const;
  std::string records_path(const std::string& name) const;

  const store::FileReader& reader_;
};

}  // namespace ccm::fleet
