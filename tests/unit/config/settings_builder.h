// SPDX-License-Identifier: Apache-2.0
// Settings for tests, written like a configuration file: one directive a line, each line with its
// number as origin in "test.conf".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/input/settings.h"

namespace ccm::config {

inline constexpr std::string_view kTestIssuer = "2cb2878b-6cd1-460d-bd25-afe655159bdc";

Origin line(unsigned number);
std::vector<std::string> words(std::string_view text);

// Lines: "KEY ARGUMENTS…" in the ccm block, "certificate NAME" opens a block, "  KEY ARGUMENTS…"
// (indented) belongs to it, "use ARGUMENTS… | SERVER NAMES…" is a virtual host. "ISSUER" stands for
// kTestIssuer. The first failure, or success.
Result<void> add_lines(Settings& settings, std::string_view text);
// The same, finalized.
Result<Config> configured(std::string_view text);
// The error's sentence; "no error" on success.
std::string problem_of(const Result<void>& result);
std::string problem_of(const Result<Config>& result);
std::string problem_of(const Result<std::string>& result);

// Credentials and region: what a certificate needs of the ccm block.
inline constexpr std::string_view kCloud =
    "credentials file=/etc/ccm/credentials\nregion ap-southeast-1\n";

}  // namespace ccm::config
