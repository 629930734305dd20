// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/system_trust.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

std::string_view chosen(const char* variable, const char* preset) {
  const char* value = secure_getenv(variable);
  return value == nullptr ? preset : value;
}

std::string stamp_of(std::string_view path) {
  struct stat status = {};
  if (stat(std::string(path).c_str(), &status) != 0) return fmt::format("{}\n", path);
  return fmt::format("{} {} {} {} {} {}\n", path, status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

// Changes whenever the files to be read change.
Sha256 stamp_of_all() {
  std::string text =
      stamp_of(chosen(X509_get_default_cert_file_env(), X509_get_default_cert_file()));
  const auto directories = chosen(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
  for (const std::string_view directory : split(directories, ':')) text += stamp_of(directory);
  return sha256(text);
}

// As X509_STORE_set_default_paths() does, without its third look-up. That one finds the same files
// as the second, and reads the whole directory whenever an authority is not in it.
StoreHandle read_trust() {
  StoreHandle store(X509_STORE_new());
  if (store == nullptr) return nullptr;
  X509_LOOKUP* file = X509_STORE_add_lookup(store.get(), X509_LOOKUP_file());
  X509_LOOKUP* directories = X509_STORE_add_lookup(store.get(), X509_LOOKUP_hash_dir());
  const bool is_made = file != nullptr && directories != nullptr;
  // A system without one of the two has the other.
  if (is_made) {
    X509_LOOKUP_load_file(file, nullptr, X509_FILETYPE_DEFAULT);
    X509_LOOKUP_add_dir(directories, nullptr, X509_FILETYPE_DEFAULT);
  }
  drain_openssl_errors();
  return is_made ? std::move(store) : nullptr;
}

struct Known {
  std::mutex mutex;
  X509_STORE* store = nullptr;
  Sha256 stamp{};
};
// A server may unload its module. Then no handler of ours may be called at its exit.
static_assert(std::is_trivially_destructible_v<Known>);

}  // namespace

StoreHandle system_trust() {
  static Known known;
  // Taken before reading, so that a change in between is noticed the next time.
  const Sha256 stamp = stamp_of_all();
  const std::lock_guard lock(known.mutex);
  if (known.store == nullptr || known.stamp != stamp) {
    X509_STORE_free(known.store);
    known.store = read_trust().release();
    known.stamp = stamp;
  }
  if (known.store == nullptr || X509_STORE_up_ref(known.store) != 1) return nullptr;
  return StoreHandle(known.store);
}

}  // namespace ccm::crypto
