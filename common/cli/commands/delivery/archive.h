// SPDX-License-Identifier: Apache-2.0
// Packs and unpacks ZIP archives in memory, as the cloud packs its exports. Pure.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cli/commands/delivery/export_files.h"

namespace ccm::cli {

Result<Secret> zip(const std::vector<ExportedFile>& files);
// `rejected` when it is no archive, is damaged, or holds what no export has: directories, more than
// a few files, or files of more than a MiB.
Result<std::vector<ExportedFile>> unzip(const Secret& archive);

}  // namespace ccm::cli
