// SPDX-License-Identifier: Apache-2.0
// An order that is under way, as people are shown it. A value.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace ccm::sources {

struct OrderView {
  std::string id;                  // of the certificate at the service
  std::vector<std::string> names;  // it is for
  std::string step;                // "applied", "stopped", …
  std::string status;              // as the service said last
  std::string waits_for;           // one sentence, or why it stopped
  Time begun;
  Time since;       // of the step
  bool is_stopped;  // a person must do something
  bool is_own;      // the engine applied, not somebody else
  bool is_late;     // it takes longer than usual
  // The authority would not find a proof, as far as can be told; `waits_for` says which.
  bool lacks_proof;
  // What the authority is shown, and its value.
  std::vector<std::pair<std::string, std::string>> proofs;
};

}  // namespace ccm::sources
