// SPDX-License-Identifier: Apache-2.0
// A host's own key in its fleet, as it lies in a file on that host and nowhere else:
//
//   name: web-1                    what the host is called, for people
//   fleet-key: 4f1c…               the id of the fleet's key with which it was let in; missing: it
//                                  was not yet
//   -----BEGIN PRIVATE KEY-----    on P-256
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/key/key_pair.h"

namespace ccm::fleet {

struct HostKey {
  crypto::KeyPair key;
  std::string name;
  std::string fleet_key = {};  // empty: not let in yet
};

// With a fresh key. `invalid` when the name is not allowed.
Result<HostKey> make_host_key(const std::string& name);
// `invalid`, with a sentence that repeats nothing of the text.
Result<HostKey> parse_host_key(const Secret& text);
Result<Secret> serialize(const HostKey& host);

// What the operator carries to a member of the fleet: one line of printable text, "ccm-host NAME
// PUBLIC_KEY", with no blanks in its parts.
struct JoinRequest {
  std::string name;
  std::string public_half;  // crypto/key/sealed_box.h
};
Result<std::string> join_request_of(const HostKey& host);
Result<JoinRequest> parse_join_request(std::string_view text);

// Whether it has the form of the id of a fleet's key (fleet/store/fleet_keyring.h).
bool is_fleet_key_id(std::string_view text) noexcept;

}  // namespace ccm::fleet
