// SPDX-License-Identifier: Apache-2.0
// The table of source kinds. Everybody else goes through source_kinds(), which table.cpp defines,
// so that config/source_kinds.h knows no single kind.
#pragma once

#include <array>

#include "config/sources/pca.h"
#include "config/sources/scm.h"

namespace ccm::config {

inline constexpr auto kSourceTable = std::to_array<const SourceKind*>({
    &kScmKind,
    &kPcaKind,
});

}  // namespace ccm::config
