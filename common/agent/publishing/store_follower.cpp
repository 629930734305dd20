// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/store_follower.h"

#include <string>
#include <utility>

namespace ccm::agent {

std::vector<const config::CertificateSpec*> StoreFollower::next() {
  // Asked before anything is read, so that a change in between is reported the next time.
  store::Changes changes = store_.changes_since(std::exchange(revision_, {}));
  revision_ = changes.revision;
  std::vector<const config::CertificateSpec*> specs;
  if (changes.names) {
    for (const std::string& name : *changes.names) {
      if (const config::CertificateSpec* spec = config_.find(name)) specs.push_back(spec);
    }
    return specs;
  }
  for (const config::CertificateSpec& spec : config_.certificates()) specs.push_back(&spec);
  return specs;
}

}  // namespace ccm::agent
