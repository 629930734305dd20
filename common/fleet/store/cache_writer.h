// SPDX-License-Identifier: Apache-2.0
// Writes into a file store of this host what the fleet has, under the fleet's numbers. A host
// serves from there through any outage, and so do its servers, which know of no fleet. As
// crash-only as the file store itself. Callers serialise writers, and hold the file store's lease.
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

// The code of errors of this host's files, so that those of etcd are told from them.
inline constexpr std::string_view kCopyFailed = "fleet.copy";
template <typename T>
Result<T> in_copy(Result<T> done) {
  if (done) return done;
  return fail(std::move(done).error().with_code(std::string(kCopyFailed), ""));
}

class CacheWriter {
 public:
  explicit CacheWriter(const store::FileReader& reader) : reader_(reader) {}

  // A version, with its response, in the place of another one of that number.
  Result<void> add_version(const std::string& name, const store::StoredCertificate& version) const;
  // True when it was another one before.
  Result<bool> keep_response(const std::string& name, store::VersionNumber number,
                             std::span<const std::byte> der) const;
  // SHA-256 of the response that lies beside a version; empty when there is none.
  std::string response_digest(const std::string& name, store::VersionNumber number) const;
  Result<void> point_at(const std::string& name, store::VersionNumber number) const;
  // All versions that the head does not know. True when there were any. What cannot be removed now
  // is removed the next time.
  bool remove_versions_beside(const std::string& name, const Head& head) const;
  // What is known of the certificate's head, across restarts.
  Result<void> note_head(const std::string& name, const Head& head) const;
  std::optional<Head> noted_head(const std::string& name) const;

  // True when it was another one before.
  Result<bool> put_record(const std::string& name, const std::string& kind,
                          const store::StoredRecord& record) const;
  Result<bool> remove_record(const std::string& name, const std::string& kind) const;
  // With all that is its own. False when there is no such entry.
  Result<bool> remove_entry(const std::string& name) const;

 private:
  static Result<void> promote(const std::string& temporary, const std::string& version);
  std::string version_path(const std::string& name, store::VersionNumber number) const;
  std::string records_path(const std::string& name) const;

  const store::FileReader& reader_;
};

}  // namespace ccm::fleet
