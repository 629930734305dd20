// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_collection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "base/text.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/pem.h"
#include "crypto/digest.h"
#include "crypto/key/key_pair.h"
#include "sources/scm/scm_catalogue.h"

namespace ccm::sources {
namespace {

using cloud::ScmCertificate;
using cloud::ScmPart;

// The most that the service can have; its total goes no further.
constexpr std::size_t kMostFound = 131'072;
constexpr std::size_t kGlance = 50;
// The most lists by pieces of names in one look at an account that cannot be listed otherwise.
constexpr std::size_t kMostPieces = 400;
constexpr std::size_t kMarkDigits = 16;
constexpr std::size_t kMostTagsAskedFor = 5;
constexpr std::string_view kPieces = "abcdefghijklmnopqrstuvwxyz0123456789-.";
// States whose certificates can be exported, and for which a list can be asked.
constexpr std::array<std::string_view, 2> kListedStates{"ISSUED", "SUPPLEMENTCHECKING"};
constexpr std::array<std::string_view, 3> kOrders{"certExpiredTime", "certUpdateTime",
                                                  "certStatus"};

bool is_issued(const ScmCertificate& certificate) {
  return certificate.is_exportable() && certificate.status != "UPLOAD";
}

std::optional<cloud::ScmTag> tag_of(const config::CatalogueSpec& catalogue) {
  if (!catalogue.tag) return std::nullopt;
  return cloud::ScmTag{catalogue.tag->key, catalogue.tag->value};
}

// Lists and searches write times differently, so only the names show whether the content of an id
// has changed.
CollectedItem item_of(const ScmCertificate& certificate) {
  std::vector<std::string> sorted = certificate.names;
  std::sort(sorted.begin(), sorted.end());
  return {.id = certificate.id,
          .origin = fmt::format("scm:{}", certificate.id),
          .names = certificate.names,
          .mark = crypto::sha256_hex(join(sorted, " ")).substr(0, kMarkDigits)};
}

// What was seen of one account, each certificate once.
class Sight {
 public:
  void add(const ScmPart& part) {
    for (const ScmCertificate& each : part.certificates) {
      if (!is_issued(each) || !ids_.insert(each.id).second) continue;
      ++seen_[each.status];
      items_.push_back(item_of(each));
    }
  }
  void say(std::string_view state, std::int64_t total) { totals_[std::string(state)] = total; }

  std::int64_t hidden(std::string_view state) const {
    const auto total = totals_.find(state);
    const auto seen = seen_.find(state);
    if (total == totals_.end()) return 0;
    return std::max<std::int64_t>(0, total->second - (seen == seen_.end() ? 0 : seen->second));
  }
  std::int64_t hidden() const {
    std::int64_t all = 0;
    for (const std::string_view state : kListedStates) all += hidden(state);
    return all;
  }
  Inventory inventory() && { return {.items = std::move(items_), .hidden = hidden()}; }

 private:
  std::vector<CollectedItem> items_;
  std::set<std::string> ids_;
  std::map<std::string, std::int64_t, std::less<>> totals_;
  std::map<std::string, std::int64_t, std::less<>> seen_;
};

Result<void> look_in_orders(cloud::ScmClient& client, Sight& sight) {
  for (const std::string_view state : kListedStates) {
    for (const std::string_view order : kOrders) {
      auto part = client.list_order({.status = std::string(state), .sort_key = std::string(order)});
      if (!part) return pass(std::move(part));
      sight.add(*part);
      sight.say(state, part->total);
      if (sight.hidden(state) == 0) break;
    }
  }
  return {};
}

// A piece whose list is cut, too, is replaced by longer pieces.
Result<void> look_by_pieces(cloud::ScmClient& client, Sight& sight) {
  std::deque<std::string> pieces;
  for (const char c : kPieces) pieces.emplace_back(1, c);
  std::size_t asked = 0;
  for (; !pieces.empty() && asked < kMostPieces && sight.hidden() > 0; ++asked) {
    const std::string piece = std::move(pieces.front());
    pieces.pop_front();
    auto part = client.list_order({.status = std::string(kListedStates.front()),
                                   .sort_key = std::string(kOrders.front()),
                                   .content = piece});
    if (!part) return pass(std::move(part));
    sight.add(*part);
    if (part->total <= static_cast<std::int64_t>(part->certificates.size())) continue;
    for (const char c : kPieces) pieces.push_back(piece + c);
  }
  return {};
}

std::string described(const ScmPart& part) {
  std::string text = fmt::format("{}", part.total);
  for (const ScmCertificate& each : part.certificates) {
    text += fmt::format("\n{} {} {}", each.id, each.status, join(each.names, " "));
  }
  return crypto::sha256_hex(text);
}

std::string parent_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? std::string() : name.substr(dot + 1);
}

Result<crypto::KeyPair> find_operator_key(const store::Store& store,
                                          const cloud::ScmExport& exported) {
  auto certificates = crypto::parse_certificates_pem(exported.certificate);
  if (!certificates) return pass(std::move(certificates));
  auto keys = store.operator_keys();
  if (!keys) return fail_with(std::move(keys), "the operator's keys");
  for (const crypto::KeyPair& key : *keys) {
    const bool fits = std::any_of(certificates->begin(), certificates->end(),
                                  [&](const auto& each) { return each.matches(key); });
    if (fits) return key;
  }
  return fail(ErrorKind::rejected,
              "its private key is not in the cloud; put it as a PEM file into the folder keys/ of "
              "the state path");
}

}  // namespace

Result<std::string> ScmCollection::glance(const config::CatalogueSpec& catalogue) {
  auto part = catalogue.tag ? client_.search(tag_of(catalogue), kGlance)
                            : client_.list_newest({.status = std::string(kListedStates.front()),
                                                   .sort_key = "certUpdateTime"});
  if (!part) return pass(std::move(part));
  return described(*part);
}

Result<Inventory> ScmCollection::list(const config::CatalogueSpec& catalogue) {
  Sight sight;
  if (catalogue.tag) {
    auto found = client_.search(tag_of(catalogue), kMostFound);
    if (!found) return pass(std::move(found));
    sight.add(*found);
    const auto shown = static_cast<std::int64_t>(found->certificates.size());
    Inventory inventory = std::move(sight).inventory();
    inventory.hidden = std::max<std::int64_t>(0, found->total - shown);
    return inventory;
  }
  if (auto looked = look_in_orders(client_, sight); !looked) return pass(std::move(looked));
  if (sight.hidden() > 0) {
    // Without the permission to search there are still the lists.
    if (auto found = client_.search(std::nullopt, kMostFound)) sight.add(*found);
  }
  if (auto looked = look_by_pieces(client_, sight); !looked) return pass(std::move(looked));
  return std::move(sight).inventory();
}

Result<std::vector<CollectedItem>> ScmCollection::find(const config::CatalogueSpec& catalogue,
                                                       const std::string& name) {
  std::vector<CollectedItem> items;
  std::size_t tags_asked_for = 0;
  const std::string parent = parent_of(name);
  // The name itself; what covers it as a wildcard or as one of several names; and the wildcard
  // alone, if its domain has too many others.
  for (const std::string& content : {name, parent, "*." + parent}) {
    const bool has_dot = content.find('.') != std::string::npos;
    if (!has_dot) continue;
    auto part = client_.list_newest({.status = std::string(kListedStates.front()),
                                     .sort_key = "certExpiredTime",
                                     .content = content});
    if (!part) return pass(std::move(part));
    for (const ScmCertificate& each : part->certificates) {
      if (!is_issued(each) || !covers_all(each, {name})) continue;
      if (catalogue.tag) {
        if (++tags_asked_for > kMostTagsAskedFor) break;
        auto tagged = has_tag(each.id, *catalogue.tag);
        if (!tagged) return pass(std::move(tagged));
        if (!*tagged) continue;
      }
      items.push_back(item_of(each));
    }
    const bool is_whole = part->total <= static_cast<std::int64_t>(part->certificates.size());
    if (!items.empty() || (content == parent && is_whole)) break;
  }
  return items;
}

Result<bool> ScmCollection::has_tag(const std::string& id, const config::CatalogueTag& tag) {
  auto tags = client_.tags_of(id);
  if (!tags) return pass(std::move(tags));
  return std::any_of(tags->begin(), tags->end(), [&](const cloud::ScmTag& each) {
    return each.key == tag.key && each.value == tag.value;
  });
}

Result<Standing> ScmCollection::standing(const std::string& id) {
  auto shown = client_.show(id);
  if (!shown && shown.error().kind() == ErrorKind::rejected) return Standing::gone;
  if (!shown) return pass(std::move(shown));
  if (is_revoked(*shown)) return Standing::revoked;
  return is_issued(*shown) ? Standing::usable : Standing::over;
}

Result<crypto::Bundle> ScmCollection::fetch(const CollectedItem& item, Time now) {
  auto exported = client_.export_certificate(item.id);
  if (!exported) return pass(std::move(exported));
  auto key = exported->private_key.empty()
                 ? find_operator_key(store_, *exported)
                 : crypto::KeyPair::parse_pem(exported->private_key.reveal());
  if (!key) return fail_with(std::move(key), "private key");
  return crypto::Bundle::parse_pem(exported->certificate, exported->certificate_chain,
                                   *std::move(key), now);
}

}  // namespace ccm::sources
