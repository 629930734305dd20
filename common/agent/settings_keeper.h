// SPDX-License-Identifier: Apache-2.0
// Sees to it that this agent's settings lie in the state directory
// (store/host/effective_settings.h), where ccmctl and the agent that leads look for them: without
// them nobody obtains the certificates that only this server names. What cannot be written now is
// written as soon as it can be, and what somebody removed is written again. Belongs to the agent's
// main thread.
#pragma once

#include <string>

#include "base/log.h"
#include "config/wire.h"

namespace ccm::agent {

class SettingsKeeper {
 public:
  // `log` must outlive the object.
  SettingsKeeper(std::string state_path, config::Handover handover, Log& log);

  // Before this process gives up root. A failure is left to look(), which says it.
  void write_as_root();
  // Writes them the first time; afterwards it costs one look at the file when all is well.
  void look();
  // False: look again soon.
  bool is_at_rest() const noexcept { return is_written_; }

 private:
  std::string state_path_;
  config::Handover handover_;
  std::string path_;
  Log& log_;
  bool is_written_ = false;
  bool is_complained_of_ = false;
};

}  // namespace ccm::agent
