#include "server/placeholder_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "crypto/names.h"
#include "crypto/pem.h"
#include "crypto/placeholder.h"

namespace ccm::server {
namespace {

constexpr crypto::KeyType kKeyType{crypto::KeyAlgorithm::ecdsa, 256};

Result<void> append(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(system_error("writing a placeholder certificate", errno));
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

std::vector<std::string> usable(const std::vector<std::string>& names) {
  std::vector<std::string> canonical;
  for (const std::string& name : names) {
    if (auto parsed = crypto::parse_server_name(name)) canonical.push_back(*std::move(parsed));
  }
  return canonical;
}

}  // namespace

Result<void> PlaceholderFile::make_key() {
  auto key = crypto::KeyPair::generate(kKeyType);
  if (!key) return pass(std::move(key));
  auto pem = key->to_pem();
  if (!pem) return pass(std::move(pem));
  key_ = *std::move(key);
  key_pem_ = *std::move(pem);
  return {};
}

Result<void> PlaceholderFile::write(const std::vector<std::string>& names, Time now) {
  if (!key_) {
    if (auto made = make_key(); !made) return made;
  }
  if (!memory_) memory_ = FileDescriptor(memfd_create("ccm-placeholder", MFD_CLOEXEC));
  if (!memory_) return fail(system_error("creating a placeholder certificate", errno));
  auto bundle = crypto::make_placeholder(*key_, usable(names), now);
  if (!bundle) return pass(std::move(bundle));
  if (ftruncate(memory_.get(), 0) != 0 || lseek(memory_.get(), 0, SEEK_SET) != 0) {
    return fail(system_error("writing a placeholder certificate", errno));
  }
  // Twice: once as the leaf, once as its own issuer, which mod_ssl wants to see with
  // SSLUseStapling.
  auto written = append(memory_.get(), crypto::to_pem({bundle->leaf(), bundle->leaf()}));
  if (written) written = append(memory_.get(), key_pem_.reveal());
  return written;
}

}  // namespace ccm::server
