// SPDX-License-Identifier: Apache-2.0
// That a server's agent does not stay alive, and its last words: "trouble-nginx-1f2e3d4c" in the
// state directory, left by the agent's monitor for ccmctl. There is none while all is well.
//
// The monitor may be root, and the directory somebody else's: links are not followed, what is there
// is replaced as a whole, and the file is the directory's owner's. Best effort: where it cannot be
// written, the server's error log has the same. One thread.
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
  std::string last_words = {};  // empty: it said nothing
};
std::optional<Trouble> read_trouble(const std::string& state_path, const ServerId& server);

// The monitor's side. What an earlier monitor left is gone from its start on.
class TroubleFile {
 public:
  TroubleFile(std::string state_path, ServerId server);

  // The agent has ended by itself.
  void add(Time now, std::string last_words);
  // It lives.
  void clear();

 private:
  void remove() const;

  std::string state_path_;  // empty: nowhere
  ServerId server_;
  Trouble trouble_;
};

}  // namespace ccm::store
