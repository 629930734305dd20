// SPDX-License-Identifier: Apache-2.0
#include "server/tls/live_catalogue.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/text.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/ocsp.h"
#include "crypto/openssl.h"

namespace ccm::server {
namespace {

// The longest DNS name (RFC 1035 section 2.3.4).
constexpr std::size_t kLongestName = 253;
// After so many different problems, more log lines help nobody.
constexpr std::size_t kMostComplaints = 100;

using publication::KeySlot;

bool is_nothing(const LiveCatalogue::Choice& choice) {
  return std::none_of(choice.begin(), choice.end(),
                      [](const auto& each) { return each != nullptr; });
}

}  // namespace

ShownCertificate::ShownCertificate(std::shared_ptr<const publication::Catalogued> catalogued)
    : catalogued_(std::move(catalogued)), intermediates_(sk_X509_new_null()) {
  if (!intermediates_) throw std::bad_alloc();
  const auto& chain = catalogued_->published.bundle.chain();
  for (auto issuer = chain.begin() + 1; issuer != chain.end(); ++issuer) {
    if (sk_X509_push(intermediates_.get(), issuer->native()) == 0) throw std::bad_alloc();
  }
  asked_bit_ = publication::AskedNames::bit_of(catalogued_->facts.entry);
  staple_end_ = crypto::ocsp_response_end(catalogued_->published.ocsp_response);
}

bool ShownCertificate::covers(std::string_view name) const noexcept {
  const auto& names = catalogued_->facts.names;
  return std::any_of(names.begin(), names.end(),
                     [name](const auto& pattern) { return crypto::covers(pattern, name); });
}

bool ShownCertificate::is_leaf(const X509* leaf) const noexcept {
  return catalogued_->published.bundle.leaf().native() == leaf;
}

bool ShownCertificate::has_fingerprint(std::string_view fingerprint) const {
  return catalogued_->published.bundle.leaf().fingerprint() == fingerprint;
}

bool ShownCertificate::hand_to(SSL* ssl) const {
  const auto& bundle = catalogued_->published.bundle;
  constexpr int kOverride = 1;
  return SSL_use_cert_and_key(ssl, bundle.leaf().native(), bundle.key().native(),
                              intermediates_.get(), kOverride) == 1;
}

void ShownCertificate::hand_compressed_to(SSL* ssl) const {
  std::call_once(is_compressed_, [&] {
    compressed_ = CompressedCertificate::make(SSL_get_SSL_CTX(ssl), catalogued_->published.bundle,
                                              intermediates_.get());
  });
  compressed_.hand_to(ssl);
}

std::span<const std::byte> ShownCertificate::staple(Time now) const noexcept {
  if (now >= staple_end_) return {};
  return catalogued_->published.ocsp_response;
}

LiveCatalogue::Choice LiveCatalogue::find(std::string_view server_name) {
  if (reader_ == nullptr || server_name.empty() || server_name.size() > kLongestName) return {};
  const std::string name = to_lower(server_name);
  Choice choice = find_listed(name);
  if (asked_ == nullptr) return choice;
  if (is_nothing(choice)) asked_->tell(name);
  for (const auto& each : choice) {
    if (each != nullptr) asked_->touch(each->asked_bit());
  }
  return choice;
}

LiveCatalogue::Choice LiveCatalogue::find_listed(const std::string& name) {
  Choice choice = find_exactly(name, name);
  const std::size_t dot = name.find('.');
  if (!is_nothing(choice) || dot == std::string::npos) return choice;
  return find_exactly("*" + name.substr(dot), name);
}

LiveCatalogue::Choice LiveCatalogue::find_exactly(std::string_view listed,
                                                  std::string_view wanted) {
  Choice choice;
  const publication::References references = reader_->find(listed);
  for (std::size_t key = 0; key < publication::kKeySlots; ++key) {
    if (references[key] == 0) continue;
    choice[key] = kept(references[key]);
    if (!choice[key]) choice[key] = parse(listed, static_cast<KeySlot>(key));
    // Two names may have the same hash, so the certificate must cover the name.
    if (choice[key] && !choice[key]->covers(wanted)) choice[key] = nullptr;
  }
  return choice;
}

std::shared_ptr<const ShownCertificate> LiveCatalogue::kept(std::uint64_t reference) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_reference_.find(reference);
  if (found == by_reference_.end()) return nullptr;
  newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
  return found->second->second;
}

std::shared_ptr<const ShownCertificate> LiveCatalogue::parse(std::string_view listed, KeySlot key) {
  auto found = reader_->get(listed, key);
  if (!found) {
    if (rows_ != nullptr) rows_->count(Count::unusable_certificate);
    complain(listed, found.error().message());
    return nullptr;
  }
  if (*found == nullptr) return nullptr;
  auto certificate = std::make_shared<const ShownCertificate>(*found);
  keep((*found)->reference, certificate);
  return certificate;
}

void LiveCatalogue::keep(std::uint64_t reference,
                         std::shared_ptr<const ShownCertificate> certificate) {
  const std::scoped_lock lock(mutex_);
  // Another thread may have parsed the same certificate meanwhile.
  if (by_reference_.contains(reference)) return;
  newest_first_.emplace_front(reference, std::move(certificate));
  by_reference_[reference] = newest_first_.begin();
  if (newest_first_.size() <= kMostKept) return;
  by_reference_.erase(newest_first_.back().first);
  newest_first_.pop_back();
}

void LiveCatalogue::refused(const ShownCertificate& certificate) {
  const Error error = crypto::openssl_error(ErrorKind::rejected, "OpenSSL refuses it");
  complain(certificate.facts().entry, error.message());
}

void LiveCatalogue::complain(std::string_view about, const std::string& problem) {
  {
    const std::scoped_lock lock(mutex_);
    if (complaints_.size() >= kMostComplaints) return;
    if (!complaints_.insert(std::string(about) + problem).second) return;
  }
  log_.error("catalogue \"{}\": what it has for \"{}\" cannot be used: {}", name_, about, problem);
}

}  // namespace ccm::server
