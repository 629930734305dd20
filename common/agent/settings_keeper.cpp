// SPDX-License-Identifier: Apache-2.0
#include "agent/settings_keeper.h"

#include <unistd.h>

#include <utility>

#include "store/host/effective_settings.h"

namespace ccm::agent {

SettingsKeeper::SettingsKeeper(std::string state_path, config::Handover handover, Log& log)
    : state_path_(std::move(state_path)),
      handover_(std::move(handover)),
      path_(store::effective_settings_path(state_path_, store::id_of(handover_.server))),
      log_(log) {}

void SettingsKeeper::write_as_root() {
  is_written_ = store::write_effective_settings(state_path_, handover_).has_value();
}

void SettingsKeeper::look(SteadyTime now) {
  if (is_written_) {
    const bool was_gone = std::exchange(is_gone_, access(path_.c_str(), F_OK) != 0);
    if (!is_gone_) return;
    if (!was_gone) next_try_ = now + kPause;
  }
  if (now < next_try_) return;
  next_try_ = now + kPause;
  const Result<void> written = store::write_effective_settings(state_path_, handover_);
  is_written_ = written.has_value();
  is_gone_ = false;
  if (!written) {
    // Logged once, because the sentence names a temporary file that differs at every try.
    if (std::exchange(is_complained_of_, true)) return;
    log_.error(
        "the settings of this server are not in the state directory, so another agent does not "
        "know its certificates and ccmctl needs options: {}; trying again every second",
        written.error().message());
    return;
  }
  if (std::exchange(is_complained_of_, false)) {
    log_.notice("the settings of this server are in the state directory now");
  }
}

}  // namespace ccm::agent
