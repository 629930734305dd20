// SPDX-License-Identifier: Apache-2.0
// Keeps this agent's settings in the state directory (store/host/effective_settings.h), where
// ccmctl and the leading agent look for them. Without them nobody obtains the certificates that
// only this server names. Retries a failed write, and writes the file again when somebody has
// removed it. Belongs to the agent's main thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "config/input/wire.h"

namespace ccm::agent {

class SettingsKeeper {
 public:
  // How long the file has to be gone before it is written again, because somebody may be about to
  // put another one there. Also the time between two tries, however often the agent wakes.
  static constexpr Seconds kPause{1};

  // `log` must outlive the object.
  SettingsKeeper(std::string state_path, config::Handover handover, Log& log);

  // To be called before this process gives up root. Ignores a failure, because look() tries again
  // and logs it.
  void write_as_root();
  // Writes the settings if necessary. Costs one look at the file when all is well.
  void look(SteadyTime now);
  // False: call look() again after kPause.
  bool is_at_rest() const noexcept { return is_written_ && !is_gone_; }

 private:
  std::string state_path_;
  config::Handover handover_;
  std::string path_;
  Log& log_;
  bool is_written_ = false;
  bool is_gone_ = false;  // although it was written
  SteadyTime next_try_{};
  bool is_complained_of_ = false;
};

}  // namespace ccm::agent
