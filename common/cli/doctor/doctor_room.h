// SPDX-License-Identifier: Apache-2.0
// The finding of `ccmctl doctor` about the free space in the state directory. Pure.
#pragma once

#include <string>

#include "cli/doctor/doctor.h"
#include "store/host/state_room.h"

namespace ccm::cli {

void judge_room(const std::string& path, const store::StateRoom& room, Findings& findings);

}  // namespace ccm::cli
