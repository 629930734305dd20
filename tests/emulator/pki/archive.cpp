// SPDX-License-Identifier: Apache-2.0
#include "pki/archive.h"

#include <zip.h>

#include <algorithm>
#include <stdexcept>

namespace emulator {
namespace {

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using Source = std::unique_ptr<zip_source_t, FreeSource>;

void must_succeed(bool done) {
  if (!done) throw std::runtime_error("writing a ZIP archive failed");
}

std::string read_all(zip_source_t* source) {
  must_succeed(zip_source_open(source) == 0);
  std::string bytes;
  char part[4096];
  for (zip_int64_t count = 0; (count = zip_source_read(source, part, sizeof part)) > 0;) {
    bytes.append(part, static_cast<std::size_t>(count));
  }
  zip_source_close(source);
  return bytes;
}

}  // namespace

std::string make_zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  const Source source(zip_source_buffer_create(nullptr, 0, 0, nullptr));
  must_succeed(source != nullptr);
  // Closing the archive gives up one reference to its source; keep ours to read the result.
  zip_source_keep(source.get());
  std::unique_ptr<zip_t, DiscardArchive> archive(
      zip_open_from_source(source.get(), ZIP_TRUNCATE, nullptr));
  must_succeed(archive != nullptr);
  for (const auto& [name, content] : entries) {
    zip_source_t* part = zip_source_buffer(archive.get(), content.data(), content.size(), 0);
    must_succeed(part != nullptr &&
                 zip_file_add(archive.get(), name.c_str(), part, ZIP_FL_ENC_UTF_8) >= 0);
  }
  must_succeed(zip_close(archive.get()) == 0);
  static_cast<void>(archive.release());
  return read_all(source.get());
}

std::string make_pkcs12(const KeystoreContent& content) {
  STACK_OF(X509)* others = sk_X509_new_null();
  for (const auto& certificate : *content.chain) sk_X509_push(others, certificate.get());
  const Pkcs12Handle store(PKCS12_create(content.password.c_str(), "server", content.key,
                                         content.certificate, others, 0, 0, 0, 0, 0));
  sk_X509_free(others);
  if (store == nullptr) throw std::runtime_error("writing a PKCS#12 file failed");
  unsigned char* der = nullptr;
  const int length = i2d_PKCS12(store.get(), &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(length, 0)));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace emulator
