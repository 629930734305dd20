// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/delivery/archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <string_view>

#include "base/handle.h"
#include "base/text.h"

namespace ccm::cli {
namespace {

constexpr zip_int64_t kMostFiles = 16;
constexpr zip_uint64_t kLargestFile = 1U << 20U;

// zip_discard is for failures. After a successful zip_close, which frees the object, the handle is
// released.
using ArchiveHandle = Handle<zip_t, zip_discard>;

using FileHandle = Handle<zip_file_t, zip_fclose>;

Failure damaged(std::string_view what) {
  return fail(ErrorKind::rejected, fmt::format("the ZIP archive is damaged: {}", what));
}

Result<ExportedFile> read_file(zip_t* archive, zip_uint64_t index) {
  zip_stat_t facts;
  constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE;
  if (zip_stat_index(archive, index, 0, &facts) != 0 || (facts.valid & kNeeded) != kNeeded) {
    return damaged("a file without name or size");
  }
  const std::string name(facts.name);
  if (name.find('/') != std::string::npos || facts.size > kLargestFile) {
    return damaged(fmt::format("{} is no file of an export", printable(name)));
  }
  const FileHandle file(zip_fopen_index(archive, index, 0));
  if (file == nullptr) return damaged(zip_strerror(archive));
  Secret content = Secret::of_size(static_cast<std::size_t>(facts.size));
  const auto count = zip_fread(file.get(), content.mutable_bytes().data(), facts.size);
  // libzip checks the checksum only when it reads the end.
  std::byte beyond{};
  const bool is_whole = count >= 0 && static_cast<zip_uint64_t>(count) == facts.size &&
                        zip_fread(file.get(), &beyond, 1) == 0;
  if (!is_whole) return damaged(fmt::format("{} cannot be read", printable(name)));
  return ExportedFile{name, std::move(content)};
}

}  // namespace

Result<Secret> zip(const std::vector<ExportedFile>& files) {
  const auto failed = [](zip_error_t* error) {
    return fail(ErrorKind::internal,
                fmt::format("making the ZIP file: {}", zip_error_strerror(error)));
  };
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (buffer == nullptr) return failed(&error);
  // The archive frees the buffer; this reference keeps it until then.
  zip_source_keep(buffer);
  const Handle<zip_source_t, zip_source_free> kept(buffer);
  ArchiveHandle archive(zip_open_from_source(buffer, ZIP_TRUNCATE, &error));
  if (archive == nullptr) {
    zip_source_free(buffer);
    return failed(&error);
  }
  for (const ExportedFile& file : files) {
    zip_source_t* content =
        zip_source_buffer(archive.get(), file.content.bytes().data(), file.content.size(), 0);
    const auto at = zip_file_add(archive.get(), file.name.c_str(), content, ZIP_FL_ENC_UTF_8);
    if (at < 0) {
      zip_source_free(content);
      return failed(zip_get_error(archive.get()));
    }
    // Mode 0600 of Unix, so that an unpacked key is private, too.
    constexpr zip_uint32_t kOwnerOnly = (0100600U << 16U);
    zip_file_set_external_attributes(archive.get(), static_cast<zip_uint64_t>(at), 0,
                                     ZIP_OPSYS_UNIX, kOwnerOnly);
  }
  if (zip_close(archive.get()) != 0) return failed(zip_get_error(archive.get()));
  static_cast<void>(archive.release());
  zip_stat_t facts;
  if (zip_source_stat(buffer, &facts) != 0 || zip_source_open(buffer) != 0) {
    return failed(zip_source_error(buffer));
  }
  Secret out = Secret::of_size(static_cast<std::size_t>(facts.size));
  const auto count = zip_source_read(buffer, out.mutable_bytes().data(), facts.size);
  zip_source_close(buffer);
  if (count < 0 || static_cast<std::uint64_t>(count) != facts.size) {
    return failed(zip_source_error(buffer));
  }
  return out;
}

Result<std::vector<ExportedFile>> unzip(const Secret& archive) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer =
      zip_source_buffer_create(archive.bytes().data(), archive.size(), 0, &error);
  if (buffer == nullptr) return damaged(zip_error_strerror(&error));
  const ArchiveHandle opened(zip_open_from_source(buffer, ZIP_RDONLY, &error));
  if (opened == nullptr) {
    zip_source_free(buffer);
    return damaged(zip_error_strerror(&error));
  }
  const auto count = zip_get_num_entries(opened.get(), 0);
  if (count > kMostFiles) return damaged(fmt::format("{} files in an export", count));
  std::vector<ExportedFile> files;
  for (zip_int64_t i = 0; i < count; ++i) {
    auto file = read_file(opened.get(), static_cast<zip_uint64_t>(i));
    if (!file) return pass(std::move(file));
    files.push_back(*std::move(file));
  }
  return files;
}

}  // namespace ccm::cli
