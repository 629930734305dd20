// SPDX-License-Identifier: Apache-2.0
#include "agent/room_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "store/host/state_room.h"

namespace ccm::agent {
namespace {

constexpr const char* kMeanwhile = "what it holds is served, and nothing is renewed";

}  // namespace

RoomWatch::RoomWatch(std::string directory, std::string state_path, SignOfLife& life, Log& log)
    : directory_(std::move(directory)),
      state_path_(std::move(state_path)),
      life_(life),
      log_(log) {}

// Empty when it can write.
std::string RoomWatch::trouble() const {
  if (faccessat(AT_FDCWD, directory_.c_str(), W_OK, AT_EACCESS) != 0 && errno == EROFS) {
    return fmt::format(
        "the state directory {0} is read-only for this service: {1}; add ReadWritePaths={0} to the "
        "service's unit, or mount it for writing",
        state_path_, kMeanwhile);
  }
  // After some errors a disk only looks as if it could be written to.
  if (const std::string& problem = life_.problem(); !problem.empty()) {
    return fmt::format("the state directory {} cannot be written to: {}: {}; look at its disk",
                       state_path_, problem, kMeanwhile);
  }
  const auto room = store::look_at_state_room(directory_);
  const std::string shortage = room ? store::shortage_of(*room) : "";
  if (shortage.empty()) return {};
  return fmt::format(
      "no certificate fits into the state directory {0}, because {1}: {2}; make room: df -h {0}; "
      "df -i {0}",
      state_path_, shortage, kMeanwhile);
}

bool RoomWatch::look() {
  const std::string said = trouble();
  life_.note(AgentFlaw::unwritable_state, !said.empty());
  const bool was_in_trouble = std::exchange(is_in_trouble_, !said.empty());
  if (was_in_trouble == is_in_trouble_) return false;
  if (is_in_trouble_) {
    log_.error("{}", said);
    return false;
  }
  log_.notice("the state directory {} can be written to again", state_path_);
  return true;
}

}  // namespace ccm::agent
