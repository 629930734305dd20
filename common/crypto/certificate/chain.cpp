// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "crypto/verification/path_search.h"

namespace ccm::crypto {
namespace {

// A delivery may contain all the roots that somebody trusts; a served chain has two to five
// certificates.
constexpr std::size_t kMaxCertificates = 256;

Certificates without_duplicates(Certificates certificates) {
  Certificates unique;
  for (Certificate& certificate : certificates) {
    if (unique.size() > kMaxCertificates) break;
    const bool is_known = std::any_of(unique.begin(), unique.end(), [&](const Certificate& c) {
      return is_same(c, certificate);
    });
    if (!is_known) unique.push_back(std::move(certificate));
  }
  return unique;
}

bool issued_another(const Certificate& candidate, const Certificates& all) {
  return std::any_of(all.begin(), all.end(), [&](const Certificate& other) {
    return &other != &candidate && other.is_issued_by(candidate);
  });
}

Result<Certificate> find_leaf_of(const KeyPair& key, const Certificates& all) {
  const Certificate* best = nullptr;
  for (const Certificate& candidate : all) {
    if (!candidate.matches(key)) continue;
    // A renewal that kept its key may be delivered together with its predecessor.
    const bool is_better = best == nullptr || std::pair(!candidate.is_ca(), candidate.not_after()) >
                                                  std::pair(!best->is_ca(), best->not_after());
    if (is_better) best = &candidate;
  }
  if (best != nullptr) return *best;
  return fail(
      ErrorKind::rejected,
      all.size() == 1
          ? fmt::format("the private key does not fit the certificate of {}", all.front().subject())
          : fmt::format("the private key fits none of the {} certificates", all.size()));
}

Result<Certificate> find_only_leaf(const Certificates& all) {
  Certificates ends;
  std::copy_if(all.begin(), all.end(), std::back_inserter(ends),
               [&](const Certificate& c) { return !issued_another(c, all); });
  // An authority's certificate on another path does not make the leaf ambiguous.
  if (ends.size() > 1) std::erase_if(ends, [](const Certificate& c) { return c.is_ca(); });
  if (ends.size() == 1) return ends.front();
  return fail(ErrorKind::rejected,
              ends.empty() ? std::string("the certificates hold no server certificate, only "
                                         "certificates of authorities")
                           : fmt::format("the certificates hold {} server certificates where one "
                                         "is expected",
                                         ends.size()));
}

bool contains(const Certificates& certificates, const Certificate& wanted) noexcept {
  return std::any_of(certificates.begin(), certificates.end(),
                     [&](const Certificate& c) { return is_same(c, wanted); });
}

void add_new(Certificates& chain, const Certificates& more) {
  std::copy_if(more.begin(), more.end(), std::back_inserter(chain),
               [&](const Certificate& c) { return !contains(chain, c); });
}

// Everything that a client may need: several paths when nothing tells which one clients use.
Certificates chain_of(const std::vector<Path>& equals) {
  Certificates chain = equals.front().certificates;
  for (const Path& path : equals) {
    if (path.is_live && chain.size() + path.certificates.size() <= kMostServedCertificates) {
      add_new(chain, path.certificates);
    }
  }
  const Path& first = equals.front();
  if (chain.size() == 1 && first.root && !chain.front().ocsp_urls().empty()) {
    chain.push_back(*first.root);
  }
  return chain;
}

}  // namespace

Time Path::end() const noexcept {
  Time end = Time::max();
  for (const Certificate& certificate : certificates) end = std::min(end, certificate.not_after());
  return end;
}

Path find_path(const Certificate& leaf, const Certificates& others, std::optional<Time> now) {
  return std::move(best_paths(leaf, others, now).front());
}

Result<Ordered> order(Certificates certificates, const KeyPair* key, std::optional<Time> now) {
  if (certificates.empty()) return fail(ErrorKind::rejected, "there is no certificate");
  const Certificates all = without_duplicates(std::move(certificates));
  if (all.size() > kMaxCertificates) {
    return fail(ErrorKind::rejected,
                fmt::format("more than {} different certificates make no chain", kMaxCertificates));
  }
  Result<Certificate> leaf = key != nullptr ? find_leaf_of(*key, all) : find_only_leaf(all);
  if (!leaf) return pass(std::move(leaf));
  std::vector<Path> equals = best_paths(*leaf, all, now);
  Ordered ordered{.chain = chain_of(equals), .path = std::move(equals.front()), .dropped = {}};
  std::copy_if(all.begin(), all.end(), std::back_inserter(ordered.dropped),
               [&](const Certificate& certificate) {
                 const bool is_root = ordered.path.root && is_same(*ordered.path.root, certificate);
                 return !is_root && !contains(ordered.chain, certificate);
               });
  return ordered;
}

Result<Certificates> order_chain(Certificates certificates, const KeyPair* key) {
  Result<Ordered> ordered = order(std::move(certificates), key, std::nullopt);
  if (!ordered) return pass(std::move(ordered));
  return std::move(ordered->chain);
}

}  // namespace ccm::crypto
