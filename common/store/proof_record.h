// SPDX-License-Identifier: Apache-2.0
// The files with which a certificate's order proves that its names are ours: what an authority
// fetches from http://DOMAIN/.well-known/pki-validation/FILE (docs/design/differences.md). They are
// no secret. The engine that has the order keeps them in the certificate's record "file-proofs" for
// as long as the order needs them; the agent of each server of the store publishes them to its
// workers (agent/publishing/proof_publisher.h), whether or not it leads.
//
// Every agent and every worker trusts this record, so it is checked when it is written and when it
// is read. Any thread; the functions that take no store are pure.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "store/store_reader.h"

namespace ccm::store {

inline constexpr std::string_view kFileProofs = "file-proofs";

// The URL path under which an authority looks, with a slash at the end.
inline constexpr std::string_view kProofFolder = "/.well-known/pki-validation/";
// The files that an authority may ask for when the order does not name one.
inline constexpr std::array<std::string_view, 2> kUsualProofFiles{"fileauth.txt", "whois.txt"};

// RFC 1035 section 2.3.4, without the dot at the end.
inline constexpr std::size_t kMostProofDomain = 253;    // characters
inline constexpr std::size_t kMostProofValue = 1024;    // characters
inline constexpr std::size_t kMostProofFileName = 128;  // characters
inline constexpr std::size_t kMostFileProofs = 500;     // of one certificate

struct FileProof {
  std::string domain;     // in the canonical form of crypto/certificate/names.h; no wildcard
  std::string file_name;  // one path segment; empty: any of kUsualProofFiles
  std::string value;      // the whole body; visible ASCII and spaces

  bool operator==(const FileProof&) const = default;
};

// Makes a proof from the fields of SCM's answer. `record_name` counts when it is the name of a text
// or HTML file, alone or after kProofFolder; otherwise the proof is for kUsualProofFiles. `invalid`
// when the proof cannot be served: the domain is a wildcard, or the value is not one line of text.
Result<FileProof> make_file_proof(std::string_view domain, std::string_view record_name,
                                  std::string_view value);
// `invalid` unless make_file_proof() could have made this proof.
Result<void> check_file_proof(const FileProof& proof);
// The files at which the proof is served.
std::vector<std::string> files_of(const FileProof& proof);

// One line for each proof, in their order.
std::string serialize_proofs(const std::vector<FileProof>& proofs);
// The most bytes of one line.
inline constexpr std::size_t kMostSerializedProof =
    kMostProofDomain + 1 + kMostProofFileName + 1 + kMostProofValue + 1;
// `invalid` unless every line is a proof that can be served.
Result<std::vector<FileProof>> parse_proofs(std::string_view text);

// Replaces the certificate's proofs; an empty list removes the record. `invalid` when one of them
// cannot be served or there are more than kMostFileProofs, `transient` when the lease is old.
Result<void> write_file_proofs(Store& store, const Lease& lease, const std::string& name,
                               const std::vector<FileProof>& proofs);
// Succeeds when there are none.
Result<void> remove_file_proofs(Store& store, const Lease& lease, const std::string& name);
// The proofs of these certificates, in their order and in the form of serialize_proofs(), as far as
// they fit into `most_bytes`. Leaves out records that cannot be read.
std::string read_file_proofs_of(const StoreReader& store, std::span<const std::string> names,
                                std::size_t most_bytes);
// Empty when there are none; `invalid` when the record is damaged.
Result<std::vector<FileProof>> read_file_proofs(const StoreReader& store, const std::string& name);

}  // namespace ccm::store
