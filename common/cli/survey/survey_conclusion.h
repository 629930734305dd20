// SPDX-License-Identifier: Apache-2.0
// From the answers of a survey (served_survey.h) to what is said of each certificate. Values and
// functions of them; one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "cli/host/overview.h"
#include "cli/survey/served_report.h"
#include "crypto/verification/handshake_probe.h"

namespace ccm::cli {

// A question of the survey and its answer.
struct ServerAnswer {
  std::size_t certificate = 0;  // number of its overview
  std::size_t target = 0;       // and of who was asked
  crypto::ProbeOutcome outcome = crypto::ProbeOutcome::unreachable;
  Look look = {};
};

// Decides which looks count. An address counts for a name when the virtual host that has the
// certificate may be there. Not for addresses that an operator gave: whoever names one means it.
void choose_what_counts(std::vector<ServerAnswer>& answers, const std::vector<Overview>& overviews);
// One report for each overview, in their order. `is_unseen`: whether a sentence about a server that
// shows the certificate says already why nothing was seen.
std::vector<CertificateReport> report_answers(
    std::vector<ServerAnswer> answers, const std::vector<Overview>& overviews,
    const LimitOptions& limits, const std::function<bool(const Overview&)>& is_unseen);

}  // namespace ccm::cli
