// SPDX-License-Identifier: Apache-2.0
#include "server/tls/live_certificate.h"

#include <new>
#include <utility>
#include <vector>

#include "crypto/certificate/ocsp.h"
#include "crypto/openssl.h"

namespace ccm::server {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

LiveCertificate::LiveCertificate(std::string name, std::size_t place, Log& log)
    : name_(std::move(name)), place_(place), id_(next_id()), log_(log) {}

void LiveCertificate::attach(publication::Reader& reader) {
  if (const auto slot = reader.find(name_)) {
    slot_ = *slot;
    reader_ = &reader;
  }
}

void LiveCertificate::try_out(std::size_t place, unsigned percent,
                              publication::CanaryBoard::Lanes& lanes) {
  if (reader_ == nullptr) return;
  auto candidate = std::make_unique<LiveCertificate>(publication::canary_slot(name_), place, log_);
  candidate->may_vanish_ = true;
  candidate->rows_ = rows_;
  candidate->attach(*reader_);
  if (candidate->reader_ == nullptr) return;
  candidate_ = std::move(candidate);
  lanes_ = &lanes;
  percent_ = percent;
}

LiveCertificate* LiveCertificate::candidate() {
  if (candidate_ == nullptr || candidate_->newest() == nullptr) return nullptr;
  return candidate_.get();
}

const LiveCertificate* LiveCertificate::with_leaf(const X509* leaf) const {
  if (is_leaf(leaf)) return this;
  return candidate_ != nullptr && candidate_->is_leaf(leaf) ? candidate_.get() : nullptr;
}

LiveCertificate::Counted LiveCertificate::counted(const X509* leaf) const {
  if (candidate_ == nullptr || candidate_->held() == nullptr) return {};
  if (candidate_->is_leaf(leaf)) return {.lane = &lanes_->candidate, .is_candidate = true};
  if (is_leaf(leaf)) return {.lane = &lanes_->current};
  return {};
}

// The thread may still have the view of another configuration's certificate in this place. That
// view is dropped.
LiveCertificate::View& LiveCertificate::view() const {
  thread_local std::vector<View> views;
  if (views.size() <= place_) views.resize(place_ + 1);
  View& view = views[place_];
  if (view.owner != id_) {
    view = View{};
    view.owner = id_;
  }
  return view;
}

const publication::Published* LiveCertificate::newest() {
  if (reader_ == nullptr) return nullptr;
  const std::uint64_t generation = reader_->generation(slot_);
  View& mine = view();
  if (generation != mine.generation) load(mine);
  return mine.served ? &mine.served->published : nullptr;
}

const publication::Published* LiveCertificate::held() const {
  const View& mine = view();
  return mine.served ? &mine.served->published : nullptr;
}

void LiveCertificate::load(View& view) {
  const std::uint64_t newest = reader_->generation(slot_);
  auto served = reader_->get(slot_);
  if (auto error = reader_->take_error(slot_)) {
    log_.error("certificate \"{}\": the published value cannot be used: {}", name_,
               error->message());
    if (rows_ != nullptr) rows_->count(Count::unusable_certificate);
  }
  if (!served && may_vanish_) {
    const std::uint64_t id = view.owner;
    view = View{};
    view.owner = id;
    view.generation = newest;
    return;
  }
  // The value is not newer: another thread is parsing the newest one, or it is unusable. The next
  // handshake asks again.
  if (!served || served == view.served) return;
  Stack stack(sk_X509_new_null());
  if (!stack) throw std::bad_alloc();
  const auto& chain = served->published.bundle.chain();
  for (auto issuer = chain.begin() + 1; issuer != chain.end(); ++issuer) {
    if (sk_X509_push(stack.get(), issuer->native()) == 0) throw std::bad_alloc();
  }
  view.intermediates = std::move(stack);
  view.staple_end = crypto::ocsp_response_end(served->published.ocsp_response);
  view.compressed.reset();
  view.served = std::move(served);
  view.generation = view.served->generation;
  if (rows_ != nullptr) rows_->shows(slot_, view.generation);
}

bool LiveCertificate::hand_to(SSL* ssl) {
  const View& mine = view();
  const auto& bundle = mine.served->published.bundle;
  constexpr int kOverride = 1;
  if (SSL_use_cert_and_key(ssl, bundle.leaf().native(), bundle.key().native(),
                           mine.intermediates.get(), kOverride) == 1) {
    return true;
  }
  const Error error = crypto::openssl_error(ErrorKind::rejected, "OpenSSL refuses it");
  if (refused_generation_.exchange(mine.served->generation) != mine.served->generation) {
    log_.error("certificate \"{}\": {}", name_, error.message());
  }
  return false;
}

void LiveCertificate::hand_compressed_to(SSL* ssl) {
  View& mine = view();
  if (!mine.compressed) {
    mine.compressed = CompressedCertificate::make(
        SSL_get_SSL_CTX(ssl), mine.served->published.bundle, mine.intermediates.get());
  }
  mine.compressed->hand_to(ssl);
}

std::span<const std::byte> LiveCertificate::staple(Time now) const {
  const View& mine = view();
  if (!mine.served || now >= mine.staple_end) return {};
  return mine.served->published.ocsp_response;
}

bool LiveCertificate::is_leaf(const X509* leaf) const {
  const publication::Published* mine = held();
  return mine != nullptr && mine->bundle.leaf().native() == leaf;
}

}  // namespace ccm::server
