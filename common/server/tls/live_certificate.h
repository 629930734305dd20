// SPDX-License-Identifier: Apache-2.0
// One certificate of the publication as the threads of this process see it: what a TLS handshake
// hands to OpenSSL. Made while the configuration is read, attached when it comes to life, inherited
// by fork; asked from inside OpenSSL's callbacks by any thread.
//
// Each thread keeps its own copy of the newest value and compares generations: a handshake that
// finds nothing new costs one atomic load, a comparison and no lock. What a thread holds stays
// valid until that thread asks again.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/handle.h"
#include "base/log.h"
#include "publication/canary_board.h"
#include "publication/reader.h"
#include "server/tls/compression.h"
#include "server/watch/worker_rows.h"

namespace ccm::server {

// Frees the list, not the certificates in it.
inline void free_list(STACK_OF(X509) * list) noexcept {
  sk_X509_free(list);
}

class LiveCertificate {
 public:
  // `place` is a small number that no other certificate of the same configuration has. `log` must
  // outlive the object and may be written to by any thread.
  LiveCertificate(std::string name, std::size_t place, Log& log);

  const std::string& name() const noexcept { return name_; }
  // Finds the certificate's slot. `reader` must outlive this object. To be called before there are
  // threads.
  void attach(publication::Reader& reader);
  // Shows the version that is tried out, if there is one, to `percent` of the handshakes, and
  // counts in the board how they end. The lanes must outlive this object. `place` as in the
  // constructor. To be called after attach() and count_in().
  void try_out(std::size_t place, unsigned percent, publication::CanaryBoard::Lanes& lanes);
  // Writes into these rows what this process shows; they must outlive this object.
  void count_in(WorkerRows& rows) noexcept { rows_ = &rows; }

  // The newest good value, or nullptr when nothing was published yet.
  const publication::Published* newest();
  // The version that is tried out; nullptr when there is none. Costs as much as newest(), and
  // nothing without a canary.
  LiveCertificate* candidate();
  // Whether a handshake that has drawn this number (0 to 99) is shown the candidate.
  bool is_for_candidate(unsigned drawn) const noexcept { return drawn < percent_; }
  // Where a handshake with this leaf is counted. No lane: the leaf belongs neither to the current
  // version nor to the candidate, or nothing is tried out. To be called directly after the leaf was
  // handed over.
  struct Counted {
    publication::CanaryBoard::Lane* lane = nullptr;
    bool is_candidate = false;
  };
  Counted counted(const X509* leaf) const;
  // This certificate or its candidate, whichever has the leaf that this thread has handed over;
  // nullptr: neither.
  const LiveCertificate* with_leaf(const X509* leaf) const;
  // What newest() last returned to this thread. All functions below are about that value.
  const publication::Published* held() const;
  bool is_leaf(const X509* leaf) const;
  // False when OpenSSL refuses it; that is logged.
  bool hand_to(SSL* ssl);
  // The same certificate compressed. Call it directly after hand_to().
  void hand_compressed_to(SSL* ssl);
  // The OCSP response (DER) to staple at `now`; empty when there is none, or when it has expired
  // because no agent published the next one.
  std::span<const std::byte> staple(Time now) const;

 private:
  using Stack = Handle<STACK_OF(X509), free_list>;

  // What one thread holds.
  struct View {
    std::uint64_t owner = 0;
    std::uint64_t generation = 0;  // of `served`
    std::shared_ptr<const publication::Served> served;
    Stack intermediates;  // borrowed from `served`
    Time staple_end;
    std::optional<CompressedCertificate> compressed;  // once it was wanted
  };

  View& view() const;
  void load(View& view);

  std::string name_;
  std::size_t place_;
  std::uint64_t id_;  // unique in this process, so that a thread can tell its views apart
  Log& log_;
  publication::Reader* reader_ = nullptr;
  WorkerRows* rows_ = nullptr;
  std::uint32_t slot_ = 0;
  // With a canary.
  std::unique_ptr<LiveCertificate> candidate_;
  publication::CanaryBoard::Lanes* lanes_ = nullptr;
  unsigned percent_ = 0;
  bool may_vanish_ = false;  // it is a candidate
  // The generation that OpenSSL's security level forbids, so that it is logged once.
  std::atomic<std::uint64_t> refused_generation_{0};
};

}  // namespace ccm::server
