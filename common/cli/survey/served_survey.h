// SPDX-License-Identifier: Apache-2.0
// What the running servers of this host show, found with handshakes of our own and compared with
// the store: for `ccmctl check` and `ccmctl verify`. Values; one thread calls this, several make
// the handshakes.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/survey/served_report.h"
#include "cli/workspace/workspace.h"

namespace ccm::cli {

struct SurveyOptions {
  std::vector<std::string> names = {};    // of certificates; empty: see certificates_to_ask()
  std::vector<std::string> connect = {};  // "HOST:PORT"; empty: where the servers listen
  LimitOptions limits = {};
  Seconds timeout{10};
};

// `rejected` when there is no store, or a name that nobody knows.
Result<Survey> take_survey(Workspace& workspace, const SurveyOptions& options);

}  // namespace ccm::cli
