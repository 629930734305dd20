// SPDX-License-Identifier: Apache-2.0
// Files in a ZIP archive in memory: as the cloud packs what it exports, and as it is packed here.
// Pure.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cli/commands/delivery/export_files.h"

namespace ccm::cli {

Result<Secret> zip(const std::vector<ExportedFile>& files);
// `rejected` when it is no archive, is damaged, or holds what no export holds: directories, more
// than a few files, files of more than a MiB.
Result<std::vector<ExportedFile>> unzip(const Secret& archive);

}  // namespace ccm::cli
