// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/cache_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/file.h"
#include "crypto/certificate/ocsp.h"
#include "crypto/digest.h"
#include "store/file_store/record_file.h"
#include "store/file_store/removal.h"
#include "store/file_store/version_files.h"
#include "store/host/snapshot_file.h"

namespace ccm::fleet {
namespace {

constexpr std::size_t kLargestHead = std::size_t{256} << 10U;

bool is_there(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

}  // namespace

std::string CacheWriter::version_path(const std::string& name, store::VersionNumber number) const {
  return fmt::format("{}/versions/{}", reader_.certificate_path(name), number);
}

std::string CacheWriter::records_path(const std::string& name) const {
  return (name.empty() ? reader_.state_path() : reader_.certificate_path(name)) + "/records";
}

// What was there is from before the fleet. It gets the name `temporary`, or is removed.
Result<void> CacheWriter::promote(const std::string& temporary, const std::string& version) {
  const int here = AT_FDCWD;
  if (is_there(version) &&
      renameat2(here, temporary.c_str(), here, version.c_str(), RENAME_EXCHANGE) == 0) {
    return {};
  }
  // This file system cannot exchange two names. After a kill in between, the version is fetched
  // again.
  if (Result<void> removed = remove_tree(version); !removed) return removed;
  if (rename(temporary.c_str(), version.c_str()) == 0) return {};
  return fail(system_error(fmt::format("rename {}", temporary), errno));
}

// Writes everything under a temporary name, then renames the whole directory.
Result<void> CacheWriter::add_version(const std::string& name,
                                      const store::StoredCertificate& version) const {
  const std::string final_path = version_path(name, version.info.number);
  const std::string temporary = final_path + std::string(kTemporaryMark) + "fleet";
  Result<void> done = remove_tree(temporary);
  if (done) done = make_directories(temporary);
  if (done) done = store::write_version_files(temporary, version.bundle, version.info);
  if (done && !version.ocsp_response.empty()) {
    done = store::write_ocsp_response(temporary, version.ocsp_response);
  }
  if (done) done = sync_directory(temporary);
  if (done) done = promote(temporary, final_path);
  if (done) done = sync_directory(reader_.certificate_path(name) + "/versions");
  static_cast<void>(remove_tree(temporary));
  return done;
}

std::string CacheWriter::response_digest(const std::string& name,
                                         store::VersionNumber number) const {
  const Result<std::string> der =
      read_file(fmt::format("{}/{}", version_path(name, number), store::kOcspResponse),
                crypto::kMostOcspResponse, Links::nowhere);
  return der ? crypto::sha256_hex(*der) : std::string();
}

Result<bool> CacheWriter::keep_response(const std::string& name, store::VersionNumber number,
                                        std::span<const std::byte> der) const {
  const std::string wanted = der.empty() ? std::string() : crypto::to_hex(crypto::sha256(der));
  if (response_digest(name, number) == wanted) return false;
  if (Result<void> written = store::write_ocsp_response(version_path(name, number), der);
      !written) {
    return pass(std::move(written));
  }
  return true;
}

Result<void> CacheWriter::point_at(const std::string& name, store::VersionNumber number) const {
  return replace_symlink(reader_.certificate_path(name) + "/current",
                         fmt::format("versions/{}", number));
}

bool CacheWriter::remove_versions_beside(const std::string& name, const Head& head) const {
  bool is_changed = false;
  for (const store::VersionNumber number : reader_.versions(name)) {
    if (head.find(number) != nullptr) continue;
    const std::string old = version_path(name, number);
    const std::string doomed = old + std::string(kTemporaryMark) + "old";
    // Renamed first, so that a version is either complete or not there.
    static_cast<void>(remove_tree(doomed));
    if (rename(old.c_str(), doomed.c_str()) != 0) continue;
    static_cast<void>(remove_tree(doomed));
    is_changed = true;
  }
  return is_changed;
}

Result<void> CacheWriter::note_head(const std::string& name, const Head& head) const {
  const std::string directory = reader_.certificate_path(name);
  if (Result<void> made = make_directories(directory); !made) return made;
  return write_file_atomically(directory + "/head", serialize(head));
}

std::optional<Head> CacheWriter::noted_head(const std::string& name) const {
  const Result<std::string> text =
      read_file(reader_.certificate_path(name) + "/head", kLargestHead, Links::nowhere);
  if (!text) return std::nullopt;
  Result<Head> head = parse_head(*text);
  return head ? std::optional(*std::move(head)) : std::nullopt;
}

Result<bool> CacheWriter::put_record(const std::string& name, const std::string& kind,
                                     const store::StoredRecord& record) const {
  const std::string directory = records_path(name);
  const auto stored = store::read_record_file(directory, kind);
  if (stored && *stored && (*stored)->version == record.version &&
      (*stored)->value.equals(record.value)) {
    return false;
  }
  if (Result<void> made = make_directories(directory); !made) return pass(std::move(made));
  if (Result<void> put = store::replace_record_file(directory, kind, record.value, record.version);
      !put) {
    return pass(std::move(put));
  }
  return true;
}

Result<bool> CacheWriter::remove_record(const std::string& name, const std::string& kind) const {
  const std::string directory = records_path(name);
  if (!is_there(fmt::format("{}/{}", directory, kind))) return false;
  if (Result<void> removed = store::remove_record_file(directory, kind); !removed) {
    return pass(std::move(removed));
  }
  return true;
}

Result<bool> CacheWriter::remove_entry(const std::string& name) const {
  if (!is_there(reader_.certificate_path(name))) return false;
  // The snapshot may hold the private key, so it goes. The publisher makes a new one.
  store::remove_snapshot(reader_.state_path());
  Result<void> removed = store::remove_entry(reader_.state_path(), name);
  // A new one may have been made in the meantime, from what was still there.
  store::remove_snapshot(reader_.state_path());
  if (!removed) return pass(std::move(removed));
  return true;
}

}  // namespace ccm::fleet
