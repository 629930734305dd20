// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/altered_files.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace ccm::agent {

std::vector<std::string> AlteredFiles::look(SteadyTime now) {
  if (now < next_look_) return {};
  next_look_ = now + kBetweenLooks;
  const std::vector<std::size_t> which = suspects(now);
  say_what_is_unwatched();
  if (traces_.empty()) {
    begin();
    return {};
  }
  std::vector<std::string> names;
  for (const std::size_t each : which) {
    if (has_changed(each)) names.push_back(parts_.config.certificates()[each].name);
    parts_.life.give();
  }
  return names;
}

void AlteredFiles::begin() {
  traces_.resize(parts_.config.certificates().size());
  for (std::size_t which = 0; which < traces_.size(); ++which) {
    has_changed(which);
    parts_.life.give();
  }
}

// Each certificate appears once.
std::vector<std::size_t> AlteredFiles::suspects(SteadyTime now) {
  std::vector<std::size_t> which = parts_.watch->touched();
  const std::vector<std::size_t>& unwatched = parts_.watch->unwatched();
  for (const std::size_t turn : unwatched_turns_.due(now, kUnwatched, unwatched.size())) {
    which.push_back(unwatched[turn]);
  }
  const auto turns = turns_.due(now, kLeisurely, parts_.config.certificates().size());
  which.insert(which.end(), turns.begin(), turns.end());
  std::sort(which.begin(), which.end());
  which.erase(std::unique(which.begin(), which.end()), which.end());
  return which;
}

// Said once, and not while only the folder is missing.
void AlteredFiles::say_what_is_unwatched() {
  const std::size_t count = parts_.watch->unwatched().size();
  const std::optional<Error> problem = parts_.watch->problem();
  if (has_said_ || count == 0 || !problem) return;
  has_said_ = true;
  const auto round = std::chrono::ceil<Seconds>(count * kUnwatched + kBetweenLooks);
  parts_.log.warn(
      "{}; the agent looks at the files of {} of {} certificates in turn instead, so it may take "
      "{} to notice damage; allow inotify to the server's unit, or raise "
      "fs.inotify.max_user_watches",
      problem->message(), count, parts_.config.certificates().size(), format_duration(round));
}

bool AlteredFiles::has_changed(std::size_t which) {
  const std::string& name = parts_.config.certificates()[which].name;
  const Traces now{.version = parts_.store.current_version(name),
                   .stamp = parts_.store.version_stamp(name),
                   .response = parts_.store.response_stamp(name)};
  return std::exchange(traces_[which], now) != now;
}

}  // namespace ccm::agent
