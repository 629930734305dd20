// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/recent_certificates.h"

#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace ccm::crypto {
namespace {

std::string_view view_of(std::span<const std::byte> der) noexcept {
  return {reinterpret_cast<const char*>(der.data()), der.size()};
}

class RecentCertificates {
 public:
  explicit RecentCertificates(std::size_t most) : most_(most) {}

  std::shared_ptr<X509> find(std::string_view der) {
    const std::lock_guard lock(mutex_);
    const auto found = by_bytes_.find(der);
    if (found == by_bytes_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->certificate;
  }

  void note(std::string_view der, const std::shared_ptr<X509>& certificate) {
    const std::lock_guard lock(mutex_);
    if (by_bytes_.contains(der)) return;
    entries_.push_front({std::string(der), certificate});
    by_bytes_.emplace(entries_.front().der, entries_.begin());
    if (entries_.size() <= most_) return;
    by_bytes_.erase(entries_.back().der);
    entries_.pop_back();
  }

 private:
  struct Entry {
    std::string der;
    std::shared_ptr<X509> certificate;
  };

  std::size_t most_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the last used one first
  std::map<std::string_view, std::list<Entry>::iterator> by_bytes_;
};

// Never freed: a thread may be using it when the process ends.
std::atomic<RecentCertificates*> recent = nullptr;

}  // namespace

void keep_recent_certificates(std::size_t most) {
  recent = std::make_unique<RecentCertificates>(most).release();
}

std::shared_ptr<X509> find_recent_certificate(std::span<const std::byte> der) {
  RecentCertificates* const known = recent;
  return known == nullptr ? nullptr : known->find(view_of(der));
}

void note_recent_certificate(std::span<const std::byte> der,
                             const std::shared_ptr<X509>& certificate) {
  if (RecentCertificates* const known = recent) known->note(view_of(der), certificate);
}

}  // namespace ccm::crypto
