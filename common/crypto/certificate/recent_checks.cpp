// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/recent_checks.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <memory>
#include <mutex>

namespace ccm::crypto {
namespace {

bool is_same_object(const Certificate& a, const Certificate& b) noexcept {
  return a.native() == b.native();
}

bool are_same_objects(const std::vector<Certificate>& a, const std::vector<Certificate>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), is_same_object);
}

bool is_same_root(const std::optional<Certificate>& a, const std::optional<Certificate>& b) {
  return a.has_value() == b.has_value() && (!a || is_same_object(*a, *b));
}

bool is_same_question(const PathQuestion& a, const PathQuestion& b) {
  return a.now == b.now && is_same_object(a.leaf, b.leaf) && are_same_objects(a.others, b.others);
}

bool is_same_question(const SignatureQuestion& a, const SignatureQuestion& b) {
  return is_same_object(a.certificate, b.certificate) && is_same_object(a.signer, b.signer);
}

bool is_same_question(const VerdictQuestion& a, const VerdictQuestion& b) {
  return a.now == b.now && are_same_objects(a.path, b.path) && is_same_root(a.root, b.root);
}

bool is_same_question(const ResponseQuestion& a, const ResponseQuestion& b) {
  return a.now == b.now && is_same_object(a.issuer, b.issuer) && a.response == b.response;
}

template <typename Question, typename Answer>
class RecentAnswers {
 public:
  explicit RecentAnswers(std::size_t most) : most_(most) {}

  std::optional<Answer> find(const Question& question) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) {
      return is_same_question(each.question, question);
    });
    if (found == entries_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found);
    return found->answer;
  }

  void note(const Question& question, const Answer& answer) {
    const std::lock_guard lock(mutex_);
    entries_.push_front({question, answer});
    if (entries_.size() > most_) entries_.pop_back();
  }

 private:
  struct Entry {
    // It holds the certificates, so that no other one can come to lie where they are.
    Question question;
    Answer answer;
  };

  std::size_t most_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the last used one first
};

struct RecentChecks {
  explicit RecentChecks(std::size_t most)
      : paths(most), signatures(most), verdicts(most), responses(most) {}

  // Those of which only a yes is kept.
  struct Yes {};

  RecentAnswers<PathQuestion, std::vector<Path>> paths;
  RecentAnswers<SignatureQuestion, Yes> signatures;
  RecentAnswers<VerdictQuestion, Yes> verdicts;
  RecentAnswers<ResponseQuestion, Yes> responses;
};

// Never freed: a thread may be using it when the process ends.
std::atomic<RecentChecks*> recent_checks = nullptr;

}  // namespace

void keep_recent_checks(std::size_t most) {
  recent_checks = std::make_unique<RecentChecks>(most).release();
}

std::optional<std::vector<Path>> find_recent(const PathQuestion& question) {
  RecentChecks* const known = recent_checks;
  return known == nullptr ? std::nullopt : known->paths.find(question);
}

void note_recent(const PathQuestion& question, const std::vector<Path>& found) {
  if (RecentChecks* const known = recent_checks) known->paths.note(question, found);
}

bool was_good(const SignatureQuestion& question) {
  RecentChecks* const known = recent_checks;
  return known != nullptr && known->signatures.find(question);
}

bool was_good(const VerdictQuestion& question) {
  RecentChecks* const known = recent_checks;
  return known != nullptr && known->verdicts.find(question);
}

bool was_good(const ResponseQuestion& question) {
  RecentChecks* const known = recent_checks;
  return known != nullptr && known->responses.find(question);
}

void note_good(const SignatureQuestion& question) {
  if (RecentChecks* const known = recent_checks) known->signatures.note(question, {});
}

void note_good(const VerdictQuestion& question) {
  if (RecentChecks* const known = recent_checks) known->verdicts.note(question, {});
}

void note_good(const ResponseQuestion& question) {
  if (RecentChecks* const known = recent_checks) known->responses.note(question, {});
}

}  // namespace ccm::crypto
