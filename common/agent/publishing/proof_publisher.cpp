// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/proof_publisher.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "publication/layout.h"

namespace ccm::agent {
namespace {

static_assert(store::kMostFileProofs * store::kMostSerializedProof <=
                  publication::kProofsBufferSize,
              "so many must fit, however long they are");

struct Claim {
  std::string certificate;
  std::string value;
};

}  // namespace

void ProofPublisher::refresh(publication::Writer& writer, const std::function<void()>& give_sign) {
  const store::Changes changes = store_.changes_since(seen_);
  if (changes.names) {
    for (const std::string& name : *changes.names) look_at(name);
  } else {
    look_at_all(give_sign);
  }
  seen_ = changes.revision;
  if (!is_unpublished_) return;
  const Result<bool> published = writer.publish_proofs(joined());
  if (!published) {
    const std::string& problem = published.error().message();
    if (std::exchange(complaints_[""], problem) != problem) {
      log_.error("publishing what authorities may fetch: {}", problem);
    }
    return;
  }
  is_unpublished_ = false;
  complaints_.erase("");
  if (!*published) return;
  std::size_t count = 0;
  for (const auto& [name, proofs] : proofs_) count += proofs.size();
  log_.info("the server answers authorities for {} {} from now on", count,
            count == 1 ? "name" : "names");
}

void ProofPublisher::look_at_all(const std::function<void()>& give_sign) {
  Result<std::vector<std::string>> names = store_.names();
  if (!names) return;
  std::set<std::string> known(names->begin(), names->end());
  for (const auto& [name, proofs] : proofs_) known.insert(name);
  for (const std::string& name : known) {
    look_at(name);
    give_sign();
  }
}

void ProofPublisher::look_at(const std::string& name) {
  Result<std::vector<store::FileProof>> proofs = store::read_file_proofs(store_, name);
  if (!proofs) {
    const std::string& problem = proofs.error().message();
    if (std::exchange(complaints_[name], problem) != problem) {
      log_.error("certificate \"{}\": its file proofs cannot be read: {}", name, problem);
    }
    return;
  }
  complaints_.erase(name);
  const auto known = proofs_.find(name);
  const bool is_same = known == proofs_.end() ? proofs->empty() : known->second == *proofs;
  if (is_same) return;
  is_unpublished_ = true;
  if (proofs->empty()) {
    proofs_.erase(name);
  } else {
    proofs_[name] = *std::move(proofs);
  }
}

// As many as fit, in the order of the certificates' names.
std::string ProofPublisher::joined() {
  std::string text;
  std::map<std::string, Claim> claims;
  std::size_t left_out = 0;
  for (const auto& [name, proofs] : proofs_) {
    for (const store::FileProof& proof : proofs) {
      const std::string line = store::serialize_proofs({proof});
      if (text.size() + line.size() > publication::kProofsBufferSize) {
        ++left_out;
        continue;
      }
      text += line;
      for (const std::string& file : store::files_of(proof)) {
        const std::string place = fmt::format("{}{}{}", proof.domain, store::kProofFolder, file);
        const Claim& first = claims.try_emplace(place, Claim{name, proof.value}).first->second;
        if (first.value != proof.value) say_conflict(place, first.certificate, name);
      }
    }
  }
  if (left_out != 0) {
    log_.error(
        "{} file proofs are not served: all of them together may have {} bytes; their orders go on "
        "when others are done",
        left_out, publication::kProofsBufferSize);
  }
  return text;
}

void ProofPublisher::say_conflict(const std::string& place, const std::string& first,
                                  const std::string& second) {
  if (!conflicts_.insert(fmt::format("{} {} {}", place, first, second)).second) return;
  log_.warn(
      "the orders of \"{0}\" and \"{1}\" want different values at http://{2}; that of \"{0}\" is "
      "served until its order is done",
      first, second, place);
}

}  // namespace ccm::agent
