// SPDX-License-Identifier: Apache-2.0
#include "server/start/site_doubts.h"

#include <fmt/format.h>

#include <optional>
#include <set>

namespace ccm::server {
namespace {

using Kinds = std::set<crypto::KeyAlgorithm>;
using crypto::KeyAlgorithm;

void add_same_keys(const JudgedSite& site, const config::Config& config,
                   const config::Dialect& dialect, std::vector<std::string>& sentences) {
  const auto& all = site.set.certificates();
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto* a = config.find(all[j]->name());
      const auto* b = config.find(all[i]->name());
      if (!a->key || !b->key || a->key->algorithm != b->key->algorithm) continue;
      const std::string key = dialect.spell("key");
      sentences.push_back(fmt::format(
          "certificates \"{}\" and \"{}\" of one server have the same kind of key, so only the "
          "second is shown; give one of them \"{} ecdsa:256\" and the other \"{} rsa:2048\"",
          a->name, b->name, key, key));
    }
  }
}

// nullopt when one of the certificates may have either kind.
std::optional<Kinds> kinds_of_key(const CertificateSet& set, const config::Config& config) {
  Kinds kinds;
  for (const LiveCertificate* certificate : set.certificates()) {
    const auto& key = config.find(certificate->name())->key;
    if (!key) return std::nullopt;
    kinds.insert(key->algorithm);
  }
  return kinds;
}

// Whether some client can use each kind of key. Cipher suites of TLS 1.2 and older belong to one
// kind of key each, those of TLS 1.3 to none.
bool leaves_nobody_out(const Reach& reach, const Kinds& kinds) {
  const bool has_older = reach.older_rsa || reach.older_ecdsa;
  const bool reaches_older = (reach.older_rsa && kinds.contains(KeyAlgorithm::rsa)) ||
                             (reach.older_ecdsa && kinds.contains(KeyAlgorithm::ecdsa));
  return has_older ? reaches_older : reach.tls13;
}

void add_unreachable(const JudgedSite& site, const config::Config& config,
                     const config::Dialect& dialect, std::vector<std::string>& sentences) {
  const auto kinds = kinds_of_key(site.set, config);
  if (!kinds || kinds->empty()) return;
  const Reach reach = site.set.reach();
  if (leaves_nobody_out(reach, *kinds)) return;
  const bool is_ecdsa = kinds->contains(KeyAlgorithm::ecdsa);
  const std::string_view kind = is_ecdsa ? "ECDSA" : "RSA";
  const bool has_tls13 = reach.tls13;
  sentences.push_back(fmt::format(
      "{} can connect here, because the certificate \"{}\" has an {} key and {} leaves no cipher "
      "suite for one; add ECDHE-{}-AES128-GCM-SHA256 and the like, or give the certificate \"{} "
      "{}\"{} in {}:{}",
      has_tls13 ? "no client without TLS 1.3" : "no client", site.set.certificates()[0]->name(),
      kind, dialect.ciphers, kind, dialect.spell("key"), is_ecdsa ? "rsa:2048" : "ecdsa:256",
      has_tls13 ? "" : fmt::format(", or allow TLS 1.3: \"{}\"", dialect.protocols),
      site.origin.file, site.origin.line));
}

}  // namespace

std::vector<std::string> doubts_about(const JudgedSite& site, const config::Config& config,
                                      const config::Dialect& dialect) {
  std::vector<std::string> sentences;
  add_same_keys(site, config, dialect, sentences);
  add_unreachable(site, config, dialect, sentences);
  return sentences;
}

}  // namespace ccm::server
