// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_catalogue.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "cloud/reply/api_time.h"
#include "crypto/certificate/names.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kFresh = 3s;
constexpr std::size_t kMostFacts = 10'000;

// A text that finds "www.example.com" and "*.example.com".
std::string search_text(const std::string& name) {
  if (crypto::is_ip_address(name)) return name;
  const std::size_t dot = name.find('.');
  const bool has_parent = dot != std::string::npos && name.find('.', dot + 1) != std::string::npos;
  return has_parent ? name.substr(dot + 1) : name;
}

}  // namespace

Result<ScmCatalogue::SharedList> ScmCatalogue::issued() {
  return shared(issued_, [this] { return list_issued({}); });
}

Result<ScmCatalogue::SharedList> ScmCatalogue::all() {
  return shared(all_, [this] { return client_.list("ALL", {}); });
}

void ScmCatalogue::drop_lists() {
  for (Listing* listing : {&issued_, &all_}) {
    const std::lock_guard lock(listing->mutex);
    listing->fetched_at.reset();
  }
}

Result<ScmCatalogue::List> ScmCatalogue::issued_like(const std::string& name) {
  return list_issued(search_text(name));
}

void ScmCatalogue::remember(const cloud::ScmCertificate& certificate,
                            const crypto::Certificate& leaf) {
  // What contradicts the list is a passing fault. It is not remembered, because it would outlast
  // the fault.
  const std::optional<Time> hint = hinted_end(certificate);
  if (hint && std::chrono::abs(leaf.not_after() - *hint) > kZoneTolerance) return;
  const std::lock_guard lock(facts_mutex_);
  if (facts_.size() >= kMostFacts) facts_.clear();
  facts_.insert_or_assign(facts_key(certificate), ScmFacts{.key = leaf.key_type(),
                                                           .not_before = leaf.not_before(),
                                                           .not_after = leaf.not_after()});
}

std::optional<ScmFacts> ScmCatalogue::recall(const cloud::ScmCertificate& certificate) const {
  const std::lock_guard lock(facts_mutex_);
  const auto found = facts_.find(facts_key(certificate));
  if (found == facts_.end()) return std::nullopt;
  return found->second;
}

bool ScmCatalogue::note_trouble(const std::string& key, Error error) {
  const std::lock_guard lock(facts_mutex_);
  if (troubles_.size() >= kMostFacts) troubles_.clear();
  const auto known = troubles_.find(key);
  const bool is_news = known == troubles_.end() || known->second.error.message() != error.message();
  troubles_.insert_or_assign(
      key,
      ScmTrouble{.error = std::move(error), .at = clock_.steady_now(), .refused_fingerprint = {}});
  return is_news;
}

void ScmCatalogue::note_refusal(const std::string& key, std::string fingerprint, bool is_unwanted) {
  const std::lock_guard lock(facts_mutex_);
  const auto known = troubles_.find(key);
  if (known == troubles_.end()) return;
  known->second.refused_fingerprint = std::move(fingerprint);
  known->second.is_unwanted = is_unwanted;
}

void ScmCatalogue::forget_trouble(const std::string& key) {
  const std::lock_guard lock(facts_mutex_);
  troubles_.erase(key);
}

std::optional<ScmTrouble> ScmCatalogue::trouble(const std::string& key) const {
  const std::lock_guard lock(facts_mutex_);
  const auto found = troubles_.find(key);
  if (found == troubles_.end()) return std::nullopt;
  return found->second;
}

Seconds ScmCatalogue::age_of(const ScmTrouble& trouble) const {
  return std::chrono::duration_cast<Seconds>(clock_.steady_now() - trouble.at);
}

Result<ScmCatalogue::SharedList> ScmCatalogue::shared(Listing& listing,
                                                      const std::function<Result<List>()>& fetch) {
  const std::lock_guard lock(listing.mutex);
  if (listing.fetched_at && clock_.steady_now() - *listing.fetched_at < kFresh) {
    return listing.result;
  }
  Result<List> list = fetch();
  // A failure is shared, too, so that those who waited for this answer do not ask again at once.
  listing.result = list ? Result<SharedList>(std::make_shared<const List>(std::move(*list)))
                        : Result<SharedList>(pass(std::move(list)));
  listing.fetched_at = clock_.steady_now();
  return listing.result;
}

Result<ScmCatalogue::List> ScmCatalogue::list_issued(const std::string& content) {
  Result<List> issued = client_.list("ISSUED", content);
  if (!issued) return issued;
  Result<List> imported = client_.list("UPLOAD", content);
  if (!imported) return imported;
  issued->insert(issued->end(), std::make_move_iterator(imported->begin()),
                 std::make_move_iterator(imported->end()));
  return issued;
}

ScmCatalogue::List covering(const ScmCatalogue::List& list, const std::vector<std::string>& names) {
  ScmCatalogue::List found;
  std::copy_if(list.begin(), list.end(), std::back_inserter(found),
               [&](const cloud::ScmCertificate& certificate) {
                 return certificate.is_exportable() && covers_all(certificate, names);
               });
  std::sort(
      found.begin(), found.end(),
      [](const cloud::ScmCertificate& a, const cloud::ScmCertificate& b) {
        return std::tuple(hinted_end(a), std::string_view(a.expire_time), std::string_view(a.id)) >
               std::tuple(hinted_end(b), std::string_view(b.expire_time), std::string_view(b.id));
      });
  return found;
}

std::string facts_key(const cloud::ScmCertificate& certificate) {
  return certificate.id + "|" + certificate.expire_time;
}

bool covers_all(const cloud::ScmCertificate& certificate, const std::vector<std::string>& names) {
  return crypto::first_uncovered(certificate.names, names).empty();
}

bool is_pending(const cloud::ScmCertificate& certificate) noexcept {
  return certificate.status.starts_with("CHECKING") || certificate.status == "ISSUING" ||
         certificate.status == "PAID";
}

bool is_revoked(const cloud::ScmCertificate& certificate) noexcept {
  return certificate.status.starts_with("REVOK");
}

std::optional<Time> hinted_end(const cloud::ScmCertificate& certificate) {
  return cloud::parse_api_time(certificate.expire_time);
}

}  // namespace ccm::sources
