// SPDX-License-Identifier: Apache-2.0
// The options that check and verify have in common. One thread.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/survey/served_survey.h"

namespace ccm::cli {

// `options` must outlive the command.
void add_survey_options(CLI::App& command, SurveyOptions& options);

}  // namespace ccm::cli
