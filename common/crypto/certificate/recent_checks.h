// SPDX-License-Identifier: Apache-2.0
// The costly checks that this process has made lately: they verify signatures, and they are pure
// functions of what is asked. Whoever obtains a certificate makes the same ones several times
// within a second: to put its chain in order, to judge it, to see when it ends, to publish it. Used
// inside the crypto room only, but for the wish to keep any.
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

// In all of them the same certificates are the same objects.

// What a search for a path is made of (crypto/verification/path_search.h).
struct PathQuestion {
  Certificate leaf;
  std::vector<Certificate> others;
  std::optional<Time> now;
};

// Whether the key of the one verifies the signature of the other.
struct SignatureQuestion {
  Certificate certificate;
  Certificate signer;
};

// Whether a client accepts the path (verify_as_client in verification/client_verdict.h).
struct VerdictQuestion {
  std::vector<Certificate> path;
  std::optional<Certificate> root;
  std::optional<Time> now;
};

// Whether an OCSP response, as DER, is signed by the issuer or on its behalf.
struct ResponseQuestion {
  std::vector<std::byte> response;
  Certificate issuer;
  Time now;
};

// From now on keeps that many of each kind, for as long as the process lives. To be called once at
// most.
void keep_recent_checks(std::size_t most);

// nullopt when that was not asked lately.
std::optional<std::vector<Path>> find_recent(const PathQuestion& question);
void note_recent(const PathQuestion& question, const std::vector<Path>& found);

// Whether the answer was yes lately. A no is not kept: it may be for lack of memory.
bool was_good(const SignatureQuestion& question);
bool was_good(const VerdictQuestion& question);
bool was_good(const ResponseQuestion& question);

void note_good(const SignatureQuestion& question);
void note_good(const VerdictQuestion& question);
void note_good(const ResponseQuestion& question);

}  // namespace ccm::crypto
