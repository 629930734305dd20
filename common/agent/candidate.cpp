// SPDX-License-Identifier: Apache-2.0
#include "agent/candidate.h"

#include <utility>

#include "base/boundary.h"

namespace ccm::agent {

void Candidate::stand() {
  pool_.give([this] {
    Result<std::unique_ptr<store::Lease>> outcome =
        fail(ErrorKind::internal, "standing for the lead came to no end");
    at_boundary(
        0, [](std::string_view) {},
        [&] {
          outcome = store_.try_lead();
          return 0;
        });
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
  });
}

std::optional<Result<std::unique_ptr<store::Lease>>> Candidate::take_outcome() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcome_, std::nullopt);
}

}  // namespace ccm::agent
