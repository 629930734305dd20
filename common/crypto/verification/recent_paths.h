// SPDX-License-Identifier: Apache-2.0
// The searches for a path (path_search.h) that this process has made lately. Whoever obtains a
// certificate asks for its path several times within a second: to judge it twice, and to see when
// it ends. A search verifies every signature, and depends on nothing but what is asked. Used inside
// the crypto room only, but for the wish to keep any.
//
// Only a process that asks for it keeps any, as of parsed certificates (recent_certificates.h).
// Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "crypto/certificate/chain.h"

namespace ccm::crypto {

// What a search is made of. The same certificates are the same objects.
struct PathQuestion {
  Certificate leaf;
  std::vector<Certificate> others;
  std::optional<Time> now;
};

// From now on keeps that many, for as long as the process lives. To be called once at most.
void keep_recent_paths(std::size_t most);

// nullopt when that was not asked lately.
std::optional<std::vector<Path>> find_recent_paths(const PathQuestion& question);
void note_recent_paths(const PathQuestion& question, const std::vector<Path>& found);

}  // namespace ccm::crypto
