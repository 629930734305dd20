// SPDX-License-Identifier: Apache-2.0
// How much room the state directory has, and what `ccmctl doctor` says to that. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/doctor/doctor.h"

namespace ccm::cli {

struct Room {
  std::uint64_t bytes = 0;             // free for the agent
  std::optional<std::uint64_t> files;  // how many more fit; nullopt: as many as there are bytes
};

void judge_room(const std::string& path, const Room& room, Findings& findings);

}  // namespace ccm::cli
