// SPDX-License-Identifier: Apache-2.0
// What a survey (served_survey.h) asks for, and where. Values and functions of them; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/host/agents.h"
#include "cli/host/overview.h"
#include "crypto/verification/handshake_probe.h"
#include "store/store_reader.h"

namespace ccm::cli {

// Who is asked: a server where it listens, or the addresses that the operator gave.
struct Target {
  std::string title = {};  // empty: the operator's addresses
  std::vector<const EffectiveSettings*> servers = {};
  std::vector<crypto::NetworkAddress> addresses = {};
};

// The names that the target's virtual hosts with the certificate answer to, in the form in which
// they are asked for.
std::vector<std::string> names_to_ask(const Target& target, const std::string& certificate);
// The kind of key of what is stored or, without that, configured.
std::optional<crypto::KeyAlgorithm> key_of(const Overview& overview);
// nullptr: nothing is installed.
const store::VersionInfo* stored_of(const Overview& overview);
// Whether the chain is that in the store's files. Much cheaper than reading the whole version,
// which only a difference is worth.
bool is_stored_chain(const store::StoreReader& store, const std::string& name,
                     const std::vector<crypto::Certificate>& chain);

}  // namespace ccm::cli
