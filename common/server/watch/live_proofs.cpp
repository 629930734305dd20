// SPDX-License-Identifier: Apache-2.0
#include "server/watch/live_proofs.h"

#include <utility>
#include <vector>

#include "crypto/certificate/names.h"
#include "store/proof_record.h"

namespace ccm::server {
namespace {

std::string key_of(std::string_view domain, std::string_view file) {
  std::string key(domain);
  key += '/';
  key += file;
  return key;
}

}  // namespace

std::optional<std::string> LiveProofs::find(std::string_view host, std::string_view path) {
  if (!has_any() || !path.starts_with(store::kProofFolder)) return std::nullopt;
  const std::string_view file = path.substr(store::kProofFolder.size());
  const Result<std::string> domain = crypto::parse_server_name(host);
  if (!domain) return std::nullopt;
  const std::lock_guard lock(mutex_);
  take_newest();
  const auto found = values_.find(key_of(*domain, file));
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

// With the lock held. If the text cannot be read, the known proofs stay.
void LiveProofs::take_newest() {
  const std::uint64_t generation = reader_->proofs_generation();
  if (generation == looked_at_) return;
  const Result<std::string> text = reader_->proofs();
  // The writer was faster, so the next request tries again.
  if (!text && text.error().kind() == ErrorKind::transient) return;
  looked_at_ = generation;
  Result<std::vector<store::FileProof>> proofs =
      text ? store::parse_proofs(*text) : Result<std::vector<store::FileProof>>(fail(text.error()));
  if (!proofs) {
    log_.error("what authorities may fetch cannot be read: {}", proofs.error().message());
    return;
  }
  values_.clear();
  for (const store::FileProof& proof : *proofs) {
    // When two orders want the same file, the first one counts
    // (agent/publishing/proof_publisher.h).
    for (const std::string& file : store::files_of(proof)) {
      values_.try_emplace(key_of(proof.domain, file), proof.value);
    }
  }
  if (values_.empty()) empty_generation_.store(generation, std::memory_order_relaxed);
}

}  // namespace ccm::server
