// SPDX-License-Identifier: Apache-2.0
// What a server answers to an authority that checks whether a domain is ours: the files of the
// orders in progress (store/proof_record.h), as the agent publishes them. It ignores all other
// requests.
//
// Owned by the Deployment. Attached in the master, asked in workers, by any thread. While there are
// no proofs, a request costs one load and a comparison. The published text is read once per
// generation and process.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "publication/reader.h"

namespace ccm::server {

class LiveProofs {
 public:
  explicit LiveProofs(Log& log) : log_(log) {}
  LiveProofs(const LiveProofs&) = delete;
  LiveProofs& operator=(const LiveProofs&) = delete;

  // Borrowed.
  void attach(const publication::Reader& reader) noexcept { reader_ = &reader; }

  // False when no request has to be looked at.
  bool has_any() const noexcept {
    return reader_ != nullptr &&
           reader_->proofs_generation() != empty_generation_.load(std::memory_order_relaxed);
  }
  // The whole body for a GET of `path`, as it came in the request line, without its query; nullopt
  // when the request is not for a proof. `host`: as the request names it, without its port.
  std::optional<std::string> find(std::string_view host, std::string_view path);

 private:
  void take_newest();

  Log& log_;
  const publication::Reader* reader_ = nullptr;
  // A generation that is known to have no proofs.
  std::atomic<std::uint64_t> empty_generation_{0};
  std::mutex mutex_;
  std::uint64_t looked_at_ = 0;
  std::map<std::string, std::string, std::less<>> values_;  // by "DOMAIN/FILE"
};

}  // namespace ccm::server
