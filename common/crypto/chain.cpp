#include "crypto/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace ccm::crypto {
namespace {

using Certificates = std::vector<Certificate>;

// Ordering checks signatures pair by pair; a served chain has two to five certificates.
constexpr std::size_t kMaxCertificates = 32;

bool is_same(const Certificate& a, const Certificate& b) noexcept {
  return X509_cmp(a.native(), b.native()) == 0;
}

Certificates without_duplicates(Certificates certificates) {
  Certificates unique;
  for (Certificate& certificate : certificates) {
    const bool is_known = std::any_of(unique.begin(), unique.end(), [&](const Certificate& c) {
      return is_same(c, certificate);
    });
    if (!is_known) unique.push_back(std::move(certificate));
  }
  return unique;
}

bool issued_another(const Certificate& candidate, const Certificates& all) noexcept {
  return std::any_of(all.begin(), all.end(), [&](const Certificate& other) {
    return &other != &candidate && other.is_issued_by(candidate);
  });
}

Result<Certificate> find_leaf_of(const KeyPair& key, const Certificates& all) {
  const Certificate* best = nullptr;
  for (const Certificate& candidate : all) {
    if (!candidate.matches(key)) continue;
    // A renewal that kept its key may arrive together with its predecessor.
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
  // An authority's certificate that belongs to another path does not make the leaf ambiguous.
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

// The issuer to serve behind `last`: never a root, and among cross-signed ones the longest-lived.
const Certificate* find_issuer(const Certificate& last, const Certificates& all,
                               const Certificates& path) noexcept {
  const Certificate* best = nullptr;
  for (const Certificate& candidate : all) {
    if (!candidate.is_ca() || contains(path, candidate) || candidate.is_self_signed() ||
        !last.is_issued_by(candidate)) {
      continue;
    }
    if (best == nullptr || candidate.not_after() > best->not_after()) best = &candidate;
  }
  return best;
}

}  // namespace

Result<Certificates> order_chain(Certificates certificates, const KeyPair* key) {
  if (certificates.empty()) return fail(ErrorKind::rejected, "there is no certificate");
  const Certificates all = without_duplicates(std::move(certificates));
  if (all.size() > kMaxCertificates) {
    return fail(ErrorKind::rejected,
                fmt::format("{} different certificates are more than a chain has", all.size()));
  }
  Result<Certificate> leaf = key != nullptr ? find_leaf_of(*key, all) : find_only_leaf(all);
  if (!leaf) return pass(std::move(leaf));
  Certificates path{std::move(*leaf)};
  if (path.front().is_self_signed()) return path;
  while (const Certificate* issuer = find_issuer(path.back(), all, path)) path.push_back(*issuer);
  return path;
}

}  // namespace ccm::crypto
