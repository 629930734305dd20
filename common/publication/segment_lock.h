// SPDX-License-Identifier: Apache-2.0
// Lets only one process write a segment. Used by writer.cpp only.
#pragma once

#include "base/result.h"

namespace ccm::publication {

enum class IfBusy : bool;  // writer.h

// Holds until the process ends or closes a descriptor of the segment; a child does not inherit it.
// `transient` when another process writes and the caller does not wait.
Result<void> lock_segment(int segment, IfBusy if_busy);

}  // namespace ccm::publication
