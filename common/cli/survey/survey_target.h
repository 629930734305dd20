// SPDX-License-Identifier: Apache-2.0
// What a survey (served_survey.h) asks for, and where. Values and functions of them; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
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
// they are asked for. Of one that only a catalogue shows: its first name, when the catalogue is a
// server's of this target.
std::vector<std::string> names_to_ask(const Target& target, const store::StoreReader& store,
                                      const Overview& overview);
// Whether the server shows the certificate, which no server names, from a catalogue.
bool shows_from_catalogue(const EffectiveSettings& server, const store::StoreReader& store,
                          const std::string& certificate);
// The certificates whose names are asked for: those that are wanted or, when none is, all that a
// server names and those that only a catalogue shows; of more than a thousand of the latter, those
// that end first. `invalid` when no server shows one that is wanted.
Result<std::vector<std::string>> certificates_to_ask(const std::vector<EffectiveSettings>& servers,
                                                     const store::StoreReader& store,
                                                     const std::vector<std::string>& wanted);
// What catalogues of these servers show: the names of certificates by the fingerprint of their
// current version. Reads all of them.
std::map<std::string, std::string> catalogued_fingerprints(
    const std::vector<EffectiveSettings>& servers, const store::StoreReader& store);
// The kind of key of what is stored or, without that, configured.
std::optional<crypto::KeyAlgorithm> key_of(const Overview& overview);
// nullptr: nothing is installed.
const store::VersionInfo* stored_of(const Overview& overview);
// Whether the chain is that in the store's files. Much cheaper than reading the whole version,
// which only a difference is worth.
bool is_stored_chain(const store::StoreReader& store, const std::string& name,
                     const std::vector<crypto::Certificate>& chain);

}  // namespace ccm::cli
