// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/recent_paths.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>

namespace ccm::crypto {
namespace {

bool is_same_object(const Certificate& a, const Certificate& b) noexcept {
  return a.native() == b.native();
}

bool is_same_question(const PathQuestion& a, const PathQuestion& b) {
  return a.now == b.now && is_same_object(a.leaf, b.leaf) &&
         std::equal(a.others.begin(), a.others.end(), b.others.begin(), b.others.end(),
                    is_same_object);
}

class RecentPaths {
 public:
  explicit RecentPaths(std::size_t most) : most_(most) {}

  std::optional<std::vector<Path>> find(const PathQuestion& question) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) {
      return is_same_question(each.question, question);
    });
    return found == entries_.end() ? std::nullopt : std::optional(found->paths);
  }

  void note(const PathQuestion& question, const std::vector<Path>& paths) {
    const std::lock_guard lock(mutex_);
    entries_.push_front({question, paths});
    if (entries_.size() > most_) entries_.pop_back();
  }

 private:
  struct Entry {
    // It holds the certificates, so that no other one can come to lie where they are.
    PathQuestion question;
    std::vector<Path> paths;
  };

  std::size_t most_;
  std::mutex mutex_;
  std::deque<Entry> entries_;  // the last one first
};

// Never freed: a thread may be using it when the process ends.
std::atomic<RecentPaths*> recent_searches = nullptr;

}  // namespace

void keep_recent_paths(std::size_t most) {
  recent_searches = std::make_unique<RecentPaths>(most).release();
}

std::optional<std::vector<Path>> find_recent_paths(const PathQuestion& question) {
  RecentPaths* const known = recent_searches;
  return known == nullptr ? std::nullopt : known->find(question);
}

void note_recent_paths(const PathQuestion& question, const std::vector<Path>& found) {
  if (RecentPaths* const known = recent_searches) known->note(question, found);
}

}  // namespace ccm::crypto
