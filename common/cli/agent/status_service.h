// SPDX-License-Identifier: Apache-2.0
// Answers at the port of `ccmctl agent` (status_port.h), in its process.
#pragma once

#include "base/handle.h"
#include "base/result.h"
#include "config/config.h"

namespace ccm::cli {

// Returns only with an error. The listener must not block.
Result<void> serve_status(const config::Config& config, const FileDescriptor& listener,
                          const FileDescriptor& publication);

}  // namespace ccm::cli
