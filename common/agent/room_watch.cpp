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

void RoomWatch::try_to_write(SteadyTime now) {
  if (now < next_try_) return;
  refusal_ = parts_.look_for_refusal(parts_.directory);
  next_try_ = now + (refusal_ == 0 ? kBetweenTries : kTryAgain);
}

// Empty when the agent can write.
std::string RoomWatch::trouble() const {
  const bool is_read_only =
      faccessat(AT_FDCWD, parts_.directory.c_str(), W_OK, AT_EACCESS) != 0 && errno == EROFS;
  if (is_read_only) {
    return fmt::format(
        "the state directory {0} is read-only for this service: {1}; add ReadWritePaths={0} to the "
        "service's unit, or mount it for writing",
        parts_.state_path, kMeanwhile);
  }
  // After some errors a disk looks writable and is not.
  if (const std::string& problem = parts_.life.problem(); !problem.empty()) {
    return fmt::format("the state directory {} cannot be written to: {}: {}; look at its disk",
                       parts_.state_path, problem, kMeanwhile);
  }
  const auto room = store::look_at_state_room(parts_.directory);
  const std::string shortage = room ? store::shortage_of(*room) : "";
  if (!shortage.empty()) {
    return fmt::format(
        "no certificate fits into the state directory {0}, because {1}: {2}; make room: df -h {0}; "
        "df -i {0}",
        parts_.state_path, shortage, kMeanwhile);
  }
  if (refusal_ == EDQUOT) {
    return fmt::format(
        "no certificate fits into the state directory {}, because a quota of its disk is used up: "
        "{}; raise the quota, or remove what else counts for it",
        parts_.state_path, kMeanwhile);
  }
  if (refusal_ == 0) return {};
  return fmt::format("the state directory {} cannot be written to: {}: {}; look at its disk",
                     parts_.state_path, errno_text(refusal_), kMeanwhile);
}

bool RoomWatch::look(SteadyTime now) {
  try_to_write(now);
  const std::string said = trouble();
  parts_.life.note(AgentFlaw::unwritable_state, !said.empty());
  const bool was_in_trouble = std::exchange(is_in_trouble_, !said.empty());
  if (was_in_trouble == is_in_trouble_) return false;
  if (is_in_trouble_) {
    parts_.log.error("{}", said);
    return false;
  }
  parts_.log.notice("the state directory {} can be written to again", parts_.state_path);
  return true;
}

}  // namespace ccm::agent
