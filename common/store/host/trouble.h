// SPDX-License-Identifier: Apache-2.0
// The file that says that a server's agent keeps dying, with the agent's last error:
// "trouble-nginx-1f2e3d4c" in the state directory. The agent's monitor writes it for ccmctl. While
// all is well, there is no such file.
//
// The monitor may be root while somebody else owns the directory. So it follows no links, replaces
// the file as a whole, and gives it to the directory's owner. Best effort: the server's error log
// has the same text. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "store/host/server_id.h"

namespace ccm::store {

inline constexpr std::string_view kTroublePrefix = "trouble-";
std::string trouble_path(const std::string& state_path, const ServerId& server);

struct Trouble {
  std::uint64_t deaths = 0;  // in a row
  Time last{};
  std::string last_words = {};  // empty: it wrote nothing
};
std::optional<Trouble> read_trouble(const std::string& state_path, const ServerId& server);

// The monitor's side. The constructor removes what an earlier monitor has left.
class TroubleFile {
 public:
  TroubleFile(std::string state_path, ServerId server);

  // To be called when the agent has ended by itself.
  void add(Time now, std::string last_words);
  // To be called when the agent lives.
  void clear();

 private:
  void remove() const;

  std::string state_path_;  // empty: nothing is written
  ServerId server_;
  Trouble trouble_;
};

}  // namespace ccm::store
