// SPDX-License-Identifier: Apache-2.0
// How much room the file system of the state directory has for certificates. Any process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ccm::store {

struct StateRoom {
  std::uint64_t bytes = 0;             // free for other accounts than root
  std::optional<std::uint64_t> files;  // how many more fit; nullopt: as many as there are bytes
};

// Why this account can store no certificate in the directory at this moment, as a number of errno:
// EROFS, ENOSPC, EDQUOT or EIO; 0: it can, or it may not try. Tries with a file without a name.
int look_for_refusal(const std::string& path);

// nullopt when nobody can tell.
std::optional<StateRoom> look_at_state_room(const std::string& path);
// Why no certificate fits: "only 3 more files fit there"; empty when one does.
std::string shortage_of(const StateRoom& room);

}  // namespace ccm::store
