// SPDX-License-Identifier: Apache-2.0
// Reads lists of the cloud page by page and shows them like one answer. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "cli/output/exit_code.h"
#include "cli/workspace/workspace.h"
#include "cloud/api/paging.h"

namespace ccm::cli {

struct ListOptions {
  std::optional<std::size_t> at_most;  // nullopt: everything
  std::string_view columns;
  std::string output;
};

// When the service shows only a part of the list: prints it, says so and returns `failed`.
Result<ExitCode> print_list(Workspace& workspace, const cloud::Operation& operation,
                            const cloud::Arguments& arguments, const ListOptions& options);

}  // namespace ccm::cli
