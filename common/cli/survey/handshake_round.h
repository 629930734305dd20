// SPDX-License-Identifier: Apache-2.0
// Many looks at servers, a bounded number at a time. An address that does not answer several times
// is given up, so that a server that hangs costs some seconds and not those of every name. One
// thread starts a round and waits for its end.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crypto/verification/handshake_probe.h"

namespace ccm::cli {

struct Question {
  crypto::NetworkAddress address;
  std::string server_name = {};  // empty: no SNI
  std::optional<crypto::KeyAlgorithm> key = {};
};

// Calls `take` with the number of each question and its answer, once for each, from any of the
// threads.
void ask_all(const crypto::HandshakeProbe& probe, const std::vector<Question>& questions,
             const std::function<void(std::size_t, const crypto::Probe&)>& take);

}  // namespace ccm::cli
