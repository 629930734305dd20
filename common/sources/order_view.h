// SPDX-License-Identifier: Apache-2.0
// An order in progress, in the form that people are shown. A value.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace ccm::sources {

struct OrderView {
  std::string id;                  // of the certificate, at the service
  std::vector<std::string> names;  // in the order
  std::string step;                // "applied", "stopped", …
  std::string status;              // as the service said last
  std::string waits_for;           // one sentence; for a stopped order: why it stopped
  Time begun;
  Time since;       // of the step
  bool is_stopped;  // a person must do something
  bool is_own;      // the engine applied for it
  bool is_late;     // it takes longer than usual
  // The authority would probably not find a proof; `waits_for` says which one.
  bool lacks_proof;
  // What the authority looks up, and the value that it finds.
  std::vector<std::pair<std::string, std::string>> proofs;
};

}  // namespace ccm::sources
