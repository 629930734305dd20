// SPDX-License-Identifier: Apache-2.0
#include "store/store_reader.h"

#include <numeric>
#include <utility>

#include "crypto/certificate/ocsp.h"

namespace ccm::store {

const crypto::Certificate* issuer_of(const crypto::Bundle& bundle) noexcept {
  return bundle.chain().size() > 1 ? &bundle.chain()[1] : nullptr;
}

std::vector<std::byte> staple_of(const StoredCertificate& stored, Time now) {
  const crypto::Certificate* issuer = issuer_of(stored.bundle);
  if (issuer == nullptr || stored.ocsp_response.empty()) return {};
  const Result<crypto::OcspAnswer> answer =
      crypto::judge_ocsp_response(stored.ocsp_response, stored.bundle.leaf(), *issuer, now);
  const bool is_good = answer && answer->status == crypto::OcspStatus::good;
  return is_good ? stored.ocsp_response : std::vector<std::byte>();
}

NoFileWatch::NoFileWatch(std::size_t count, std::optional<Error> problem)
    : unwatched_(count), problem_(std::move(problem)) {
  std::iota(unwatched_.begin(), unwatched_.end(), std::size_t{0});
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): a store that watches files keeps the names
std::unique_ptr<FileWatch> StoreReader::watch_files(std::vector<std::string> names) const {
  return std::make_unique<NoFileWatch>(names.size(), std::nullopt);
}

Result<StoreReader::Described> StoreReader::describe(const std::string& name) const {
  Result<Loaded> loaded = load(name);
  if (!loaded) return pass(std::move(loaded));
  Described described{.info = {}, .damage = std::move(loaded->damage)};
  if (loaded->certificate) described.info = std::move(loaded->certificate->info);
  return described;
}

}  // namespace ccm::store
