// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/store_follower.h"

#include <algorithm>
#include <utility>

namespace ccm::agent {

std::vector<const config::CertificateSpec*> StoreFollower::next(SteadyTime now) {
  const std::vector<config::CertificateSpec>& all = config_.certificates();
  // Asked before anything is read, so that a change in between is reported the next time.
  store::Changes changes = store_.changes_since(std::exchange(revision_, {}));
  revision_ = changes.revision;
  std::size_t left = changes.names ? turns(now) : all.size();
  if (left == all.size()) last_ = now;
  std::vector<const config::CertificateSpec*> specs;
  if (changes.names) {
    for (const std::string& name : *changes.names) {
      if (const config::CertificateSpec* spec = config_.find(name)) specs.push_back(spec);
    }
  }
  for (; left > 0; --left) {
    specs.push_back(&all[whose_turn_]);
    whose_turn_ = (whose_turn_ + 1) % all.size();
  }
  return specs;
}

// The part of a turn that is left over counts the next time.
std::size_t StoreFollower::turns(SteadyTime now) {
  const std::size_t all = config_.certificates().size();
  if (!last_ || now - *last_ >= kRound) return all;
  const SteadyTime::duration each = SteadyTime::duration(kRound) / std::max(all, kLeastTurns);
  const auto due = std::max<SteadyTime::rep>((now - *last_) / each, 0);
  const std::size_t turns = std::min(all, static_cast<std::size_t>(due));
  *last_ += due * each;
  return turns;
}

}  // namespace ccm::agent
