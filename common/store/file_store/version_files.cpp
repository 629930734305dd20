// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/version_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "crypto/certificate/ocsp.h"
#include "crypto/certificate/pem.h"
#include "crypto/digest.h"

namespace ccm::store {
namespace {

// Twice the size of what can be published (publication/segment.h), as PEM. Whoever can write here
// must not be able to delay a server's start.
constexpr std::size_t kMaxFile = std::size_t{192} << 10U;
// The largest leaf that can be published, as PEM.
constexpr std::size_t kMaxLeaf = std::size_t{64} << 10U;
constexpr std::size_t kMaxVersionRecord = std::size_t{16} << 10U;
constexpr std::int64_t kVersionFormat = 1;

constexpr const char* kFullChain = "fullchain.pem";  // nginx: leaf and intermediates
constexpr const char* kKey = "privkey.pem";          // both
constexpr const char* kLeaf = "cert.pem";            // httpd before 2.4.8: the leaf alone
constexpr const char* kChain = "chain.pem";          // and its intermediates
constexpr const char* kVersion = "version";

std::string checksum_key(std::string_view file) {
  return fmt::format("sha256 {}", file);
}

std::string checksum(const Secret& content) {
  return crypto::to_hex(crypto::sha256(content.bytes()));
}

std::string number_of(Time time) {
  return fmt::format("{}", time.time_since_epoch().count());
}

Record describe(const VersionInfo& info) {
  Record record;
  record.add("format", fmt::format("{}", kVersionFormat));
  record.add("number", fmt::format("{}", info.number));
  record.add("installed_at", number_of(info.installed_at));
  record.add("not_before", number_of(info.not_before));
  record.add("not_after", number_of(info.not_after));
  record.add("fingerprint", info.fingerprint);
  record.add("serial", info.serial);
  record.add("origin", info.origin);
  record.add("rules", fmt::format("{}", info.rules));
  return record;
}

Failure damaged(const std::string& path, std::string_view how) {
  return fail(ErrorKind::invalid, fmt::format("{} {}", path, how));
}

// Older releases did not record it.
unsigned rules_of(const Record& record) {
  const auto rules = record.find_number("rules").value_or(0);
  return rules > 0 && rules <= std::numeric_limits<unsigned>::max() ? static_cast<unsigned>(rules)
                                                                    : 0;
}

Result<VersionInfo> parse_info(const Record& record, const std::string& path) {
  const auto installed_at = record.find_number("installed_at");
  const auto not_before = record.find_number("not_before");
  const auto not_after = record.find_number("not_after");
  const auto fingerprint = record.find("fingerprint");
  const auto serial = record.find("serial");
  const auto origin = record.find("origin");
  if (record.find_number("format") != kVersionFormat || !installed_at || !not_before ||
      !not_after || !fingerprint || !serial || !origin) {
    return damaged(path, "is cut short or of another format");
  }
  return VersionInfo{.number = parse_version_number(record.find("number").value_or("")),
                     .installed_at = Time(Seconds(*installed_at)),
                     .not_before = Time(Seconds(*not_before)),
                     .not_after = Time(Seconds(*not_after)),
                     .fingerprint = std::string(*fingerprint),
                     .serial = std::string(*serial),
                     .origin = std::string(*origin),
                     .rules = rules_of(record)};
}

bool describes(const VersionInfo& info, const crypto::Certificate& leaf) {
  return info.fingerprint == leaf.fingerprint() && info.serial == leaf.serial() &&
         info.not_before == leaf.not_before() && info.not_after == leaf.not_after();
}

// The content of a file, if it has the recorded checksum.
Result<Secret> read_vouched(const std::string& directory, const char* file, const Record& record) {
  const std::string path = fmt::format("{}/{}", directory, file);
  Result<Secret> content = read_secret_file(path, kMaxFile, Links::nowhere);
  if (content && record.find(checksum_key(file)) != checksum(*content)) {
    return damaged(path,
                   "was altered: it has not the checksum that was noted when it was installed");
  }
  return content;
}

Result<crypto::Bundle> read_bundle(const std::string& directory, const Record& record) {
  for (const char* copy : {kLeaf, kChain}) {
    if (Result<Secret> content = read_vouched(directory, copy, record); !content) {
      return pass(std::move(content));
    }
  }
  Result<Secret> chain = read_vouched(directory, kFullChain, record);
  if (!chain) return pass(std::move(chain));
  Result<Secret> key_pem = read_vouched(directory, kKey, record);
  if (!key_pem) return pass(std::move(key_pem));
  Result<crypto::KeyPair> key = crypto::KeyPair::parse_pem(key_pem->reveal());
  if (!key) return fail_with(std::move(key), fmt::format("{}/{}", directory, kKey));
  Result<std::vector<crypto::Certificate>> certificates =
      crypto::parse_certificates_pem(chain->reveal());
  if (!certificates) {
    return fail_with(std::move(certificates), fmt::format("{}/{}", directory, kFullChain));
  }
  Result<crypto::Bundle> bundle =
      crypto::Bundle::restore(std::move(*certificates), std::move(*key));
  if (!bundle) return fail_with(std::move(bundle), fmt::format("{}/{}", directory, kFullChain));
  // An older release has installed it nevertheless. Then an intact earlier version can be served.
  if (Result<void> fits = crypto::check_publishable(*bundle); !fits) {
    return fail_with(std::move(fits), fmt::format("{}/{}", directory, kFullChain));
  }
  return bundle;
}

// A response that is missing or cannot be read counts as none, until the next one replaces it.
std::vector<std::byte> read_ocsp_response(const std::string& directory) {
  const Result<std::string> der = read_file(fmt::format("{}/{}", directory, kOcspResponse),
                                            crypto::kMostOcspResponse, Links::nowhere);
  if (!der) return {};
  const auto bytes = std::as_bytes(std::span(*der));
  return {bytes.begin(), bytes.end()};
}

// Differs for every new file: even an inode that is used again has another time. 0: there is no
// file.
std::uint64_t stamp_file(const std::string& directory, std::string_view file) {
  struct stat status = {};
  if (stat(fmt::format("{}/{}", directory, file).c_str(), &status) != 0) return 0;
  constexpr std::uint64_t kNanoseconds = 1'000'000'000;
  return (static_cast<std::uint64_t>(status.st_mtim.tv_sec) * kNanoseconds +
          static_cast<std::uint64_t>(status.st_mtim.tv_nsec)) ^
         (static_cast<std::uint64_t>(status.st_ino) << 32U) ^ status.st_mode;
}

// Every file of a version is at least as old as its record. A copy without the original times may
// fail this check, which only costs time.
bool looks_untouched(const std::string& directory) {
  struct stat record {};
  if (stat(fmt::format("{}/{}", directory, kVersion).c_str(), &record) != 0 ||
      (record.st_mode & S_IRUSR) == 0) {
    return false;
  }
  const std::array files = {kFullChain, kLeaf, kChain, kKey};
  return std::all_of(files.begin(), files.end(), [&](const char* file) {
    struct stat status {};
    return lstat(fmt::format("{}/{}", directory, file).c_str(), &status) == 0 &&
           S_ISREG(status.st_mode) && (status.st_mode & S_IRUSR) != 0 &&
           std::pair(status.st_mtim.tv_sec, status.st_mtim.tv_nsec) <=
               std::pair(record.st_mtim.tv_sec, record.st_mtim.tv_nsec);
  });
}

Result<Record> read_version_record(const std::string& path) {
  const Result<std::string> text = read_file(path, kMaxVersionRecord, Links::nowhere);
  if (!text) return fail(text.error());
  Result<Record> record = Record::parse(*text);
  if (!record) return fail_with(std::move(record), path);
  return record;
}

}  // namespace

VersionNumber parse_version_number(std::string_view text) noexcept {
  if (text.starts_with('0')) return 0;
  return parse_unsigned(text).value_or(0);
}

Result<void> write_version_files(const std::string& directory, const crypto::Bundle& bundle,
                                 const VersionInfo& info) {
  Result<Secret> key = bundle.key().to_pem();
  if (!key) return pass(std::move(key));
  const std::vector<crypto::Certificate>& chain = bundle.chain();
  const std::array<std::pair<const char*, Secret>, 4> files{{
      {kFullChain, Secret::copy_of(crypto::to_pem(chain))},
      {kLeaf, Secret::copy_of(bundle.leaf().to_pem())},
      {kChain, Secret::copy_of(crypto::to_pem({chain.begin() + 1, chain.end()}))},
      {kKey, std::move(*key)},
  }};
  Record record = describe(info);
  std::vector<NewFile> new_files;
  for (const auto& [file, content] : files) {
    record.add(checksum_key(file), checksum(content));
    new_files.push_back({fmt::format("{}/{}", directory, file), content.reveal()});
  }
  // Written last, because looks_untouched() compares the times of the files with its time.
  const std::string text = record.serialize();
  new_files.push_back({fmt::format("{}/{}", directory, kVersion), text});
  return write_new_files(new_files);
}

Result<void> write_ocsp_response(const std::string& directory, std::span<const std::byte> der) {
  const std::string path = fmt::format("{}/{}", directory, kOcspResponse);
  if (!der.empty()) {
    return write_file_atomically(path, {reinterpret_cast<const char*>(der.data()), der.size()});
  }
  if (unlink(path.c_str()) == 0) return sync_directory(directory);
  if (errno == ENOENT) return {};
  return fail(system_error(fmt::format("remove {}", path), errno));
}

Result<StoredCertificate> read_version_files(const std::string& directory, VersionNumber number) {
  const std::string path = fmt::format("{}/{}", directory, kVersion);
  Result<Record> record = read_version_record(path);
  if (!record) return pass(std::move(record));
  Result<VersionInfo> info = parse_info(*record, path);
  if (!info) return pass(std::move(info));
  Result<crypto::Bundle> bundle = read_bundle(directory, *record);
  if (!bundle) return pass(std::move(bundle));
  if (info->number != number || !describes(*info, bundle->leaf())) {
    return damaged(path, "was altered: it describes another certificate");
  }
  return StoredCertificate{.bundle = std::move(*bundle),
                           .info = std::move(*info),
                           .ocsp_response = read_ocsp_response(directory)};
}

std::optional<Error> find_denied(const std::string& directory) {
  for (const char* file : {kVersion, kFullChain, kLeaf, kChain, kKey}) {
    const std::string path = fmt::format("{}/{}", directory, file);
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0 || (status.st_mode & S_IRUSR) != 0) continue;
    return Error(ErrorKind::invalid,
                 fmt::format("{} cannot be read by its owner: its mode is {:04o}", path,
                             status.st_mode & 07777U));
  }
  return std::nullopt;
}

std::uint64_t stamp_version_files(const std::string& directory) {
  std::uint64_t stamp = stamp_file(directory, kVersion);
  if (stamp == 0) return 0;
  for (const char* file : {kFullChain, kLeaf, kChain, kKey}) {
    stamp = std::rotl(stamp, 13) ^ stamp_file(directory, file);
  }
  return stamp;
}

std::uint64_t stamp_response(const std::string& directory) {
  return stamp_file(directory, kOcspResponse);
}

Result<VersionInfo> describe_version_files(const std::string& directory, VersionNumber number) {
  const std::string path = fmt::format("{}/{}", directory, kVersion);
  const Result<Record> record = read_version_record(path);
  if (!record) return fail(record.error());
  Result<VersionInfo> info = parse_info(*record, path);
  if (!info) return info;
  if (info->number != number) {
    return damaged(path, "was altered: it describes another certificate");
  }
  if (!looks_untouched(directory)) return damaged(directory, "does not look as it was written");
  return info;
}

Result<StoreReader::Glance> glance_at_version_files(const std::string& directory,
                                                    VersionNumber number) {
  const std::string path = fmt::format("{}/{}", directory, kVersion);
  const Result<Record> record = read_version_record(path);
  if (!record) return fail(record.error());
  Result<VersionInfo> info = parse_info(*record, path);
  if (!info) return pass(std::move(info));
  const std::string file = fmt::format("{}/{}", directory, kLeaf);
  const Result<std::string> pem = read_file(file, kMaxLeaf, Links::nowhere);
  if (!pem) return fail(pem.error());
  Result<crypto::CertificateFacts> leaf = crypto::read_certificate_facts(*pem);
  if (!leaf) return fail_with(std::move(leaf), file);
  // The fingerprint of the leaf that was parsed when it was installed.
  const bool is_described = info->fingerprint == leaf->fingerprint &&
                            info->serial == leaf->serial && info->not_before == leaf->not_before &&
                            info->not_after == leaf->not_after;
  if (info->number != number || !is_described) {
    return damaged(path, "was altered: it describes another certificate");
  }
  return StoreReader::Glance{.info = *std::move(info), .leaf = *std::move(leaf)};
}

}  // namespace ccm::store
