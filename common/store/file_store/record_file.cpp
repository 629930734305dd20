// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/record_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace ccm::store {
namespace {

constexpr std::size_t kMaxRecordFile = std::size_t{1} << 20U;
constexpr std::string_view kHeader = "ccm-record-1";

std::string record_path(const std::string& directory, std::string_view kind) {
  return fmt::format("{}/{}", directory, kind);
}

// "ccm-record-1 VERSION SHA256\n", then the value as it is.
Secret encode(std::uint64_t version, const Secret& value) {
  std::string text =
      fmt::format("{} {} {}\n", kHeader, version, crypto::to_hex(crypto::sha256(value.bytes())));
  // Grown before the secret is added, so that no smaller buffer keeps a copy of it.
  text.reserve(text.size() + value.size());
  text += value.reveal();
  return Secret::taken_from(text);
}

std::optional<StoredRecord> decode(const Secret& content) {
  const std::string_view text = content.reveal();
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::vector<std::string_view> words = split(text.substr(0, end), ' ');
  StoredRecord record{.value = Secret::copy_of(text.substr(end + 1)), .version = 0};
  if (words.size() != 3 || words[0] != kHeader ||
      words[2] != crypto::to_hex(crypto::sha256(record.value.bytes()))) {
    return std::nullopt;
  }
  record.version = parse_unsigned(words[1]).value_or(0);
  if (record.version == 0) return std::nullopt;
  return record;
}

}  // namespace

Result<std::optional<StoredRecord>> read_record_file(const std::string& directory,
                                                     std::string_view kind) {
  const std::string path = record_path(directory, kind);
  Result<Secret> content = read_secret_file(path, kMaxRecordFile, Links::nowhere);
  if (!content && content.error().kind() == ErrorKind::rejected) {
    return std::optional<StoredRecord>();
  }
  if (!content) return pass(std::move(content));
  std::optional<StoredRecord> record = decode(*content);
  if (!record) {
    return fail(ErrorKind::invalid, fmt::format("{} was altered or is cut short", path));
  }
  return record;
}

Result<std::uint64_t> write_record_file(const std::string& directory, std::string_view kind,
                                        const Secret& value, std::uint64_t expected) {
  const Result<std::optional<StoredRecord>> stored = read_record_file(directory, kind);
  if (!stored && stored.error().kind() != ErrorKind::invalid) return fail(stored.error());
  const std::uint64_t version = stored && *stored ? (*stored)->version : 0;
  if (version != expected) {
    return fail(ErrorKind::transient,
                fmt::format("write record {}: it changed in the meantime", kind));
  }
  if (Result<void> made = make_directories(directory); !made) return pass(std::move(made));
  Result<void> written = replace_record_file(directory, kind, value, version + 1);
  if (!written) return pass(std::move(written));
  return version + 1;
}

Result<void> replace_record_file(const std::string& directory, std::string_view kind,
                                 const Secret& value, std::uint64_t version) {
  return write_file_atomically(record_path(directory, kind), encode(version, value).reveal());
}

Result<void> remove_record_file(const std::string& directory, std::string_view kind) {
  const std::string path = record_path(directory, kind);
  if (unlink(path.c_str()) == 0) return sync_directory(directory);
  if (errno == ENOENT || errno == ENOTDIR) return {};
  return fail(system_error(fmt::format("remove {}", path), errno));
}

}  // namespace ccm::store
