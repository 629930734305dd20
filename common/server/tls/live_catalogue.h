// SPDX-License-Identifier: Apache-2.0
// One catalogue of the publication as the threads of this process see it: what a handshake finds
// for the name that a client asks for. Made while the configuration is read, attached when it comes
// to life, inherited by fork; asked from inside OpenSSL's callbacks by any thread.
//
// A certificate is parsed when a client first asks for it. A process keeps the kMostKept
// certificates that were asked for last. The search needs no lock; a lock is held only while a
// pointer is copied.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/handle.h"
#include "base/log.h"
#include "publication/catalogue/asked_names.h"
#include "publication/reader.h"
#include "server/tls/compression.h"
#include "server/tls/live_certificate.h"
#include "server/watch/worker_rows.h"

namespace ccm::server {

// A certificate of a catalogue, ready to be handed over. Immutable but for its compressed form.
class ShownCertificate {
 public:
  // Throws when there is no memory.
  explicit ShownCertificate(std::shared_ptr<const publication::Catalogued> catalogued);

  const publication::CataloguedFacts& facts() const noexcept { return catalogued_->facts; }
  // For publication::AskedNames::touch().
  std::size_t asked_bit() const noexcept { return asked_bit_; }
  bool covers(std::string_view name) const noexcept;
  bool is_leaf(const X509* leaf) const noexcept;
  // `fingerprint` has the form of crypto::Certificate::fingerprint().
  bool has_fingerprint(std::string_view fingerprint) const;
  // False when OpenSSL refuses it, with its reason in the error queue.
  bool hand_to(SSL* ssl) const;
  // Call it directly after hand_to().
  void hand_compressed_to(SSL* ssl) const;
  // The OCSP response (DER) to staple at `now`; empty when there is none or it has expired.
  std::span<const std::byte> staple(Time now) const noexcept;

 private:
  std::shared_ptr<const publication::Catalogued> catalogued_;
  Handle<STACK_OF(X509), free_list> intermediates_;
  Time staple_end_;
  std::size_t asked_bit_ = 0;
  mutable std::once_flag is_compressed_;
  mutable CompressedCertificate compressed_;
};

class LiveCatalogue {
 public:
  // How many parsed certificates a process keeps.
  static constexpr std::size_t kMostKept = 1000;

  // What is shown for a name, for each kind of key; nullptr: none of that kind.
  using Choice = std::array<std::shared_ptr<const ShownCertificate>, publication::kKeySlots>;

  // `log` must outlive the object and may be written to by any thread.
  LiveCatalogue(std::string name, Log& log) : name_(std::move(name)), log_(log) {}

  const std::string& name() const noexcept { return name_; }
  // `reader` must outlive this object. To be called before there are threads.
  void attach(const publication::Reader& reader) { reader_ = reader.catalogue(name_); }
  // Tells the agent through `asked`, which must outlive this object, what clients ask for.
  void tell(publication::AskedNames& asked) noexcept { asked_ = &asked; }
  void count_in(WorkerRows& rows) noexcept { rows_ = &rows; }

  // The certificates for the name in the client's server_name extension (RFC 6066 section 3): first
  // for the exact name, then for the wildcard above it.
  Choice find(std::string_view server_name);
  // Logs once that OpenSSL refuses this certificate.
  void refused(const ShownCertificate& certificate);

 private:
  using Kept = std::pair<std::uint64_t, std::shared_ptr<const ShownCertificate>>;

  Choice find_listed(const std::string& name);
  Choice find_exactly(std::string_view listed, std::string_view wanted);
  std::shared_ptr<const ShownCertificate> kept(std::uint64_t reference);
  std::shared_ptr<const ShownCertificate> parse(std::string_view listed, publication::KeySlot key);
  void keep(std::uint64_t reference, std::shared_ptr<const ShownCertificate> certificate);
  void complain(std::string_view about, const std::string& problem);

  std::string name_;
  Log& log_;
  const publication::CatalogueReader* reader_ = nullptr;
  WorkerRows* rows_ = nullptr;
  publication::AskedNames* asked_ = nullptr;
  std::mutex mutex_;
  std::list<Kept> newest_first_;
  std::unordered_map<std::uint64_t, std::list<Kept>::iterator> by_reference_;
  std::set<std::string, std::less<>> complaints_;
};

}  // namespace ccm::server
