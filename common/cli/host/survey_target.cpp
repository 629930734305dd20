// SPDX-License-Identifier: Apache-2.0
#include "cli/host/survey_target.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/pem.h"

namespace ccm::cli {
namespace {

// A name below a wildcard that nobody is likely to have given to a host.
constexpr const char* kBelowWildcard = "ccm-check";
constexpr std::size_t kLargestChain = std::size_t{192} << 10U;

}  // namespace

std::vector<std::string> names_to_ask(const Target& target, const std::string& certificate) {
  std::set<std::string> names;
  const auto add = [&names](const std::string& name) {
    names.insert(crypto::is_wildcard(name) ? kBelowWildcard + name.substr(1) : name);
  };
  for (const EffectiveSettings* server : target.servers) {
    const config::CertificateSpec* spec = server->config.find(certificate);
    if (spec == nullptr) continue;
    const auto hosts = server->hosts.find(certificate);
    const std::size_t before = names.size();
    for (const std::string& host :
         hosts == server->hosts.end() ? std::vector<std::string>() : hosts->second) {
      if (crypto::first_uncovered(spec->names, {host}).empty()) add(host);
    }
    // A virtual host without a name of its own.
    if (names.size() == before) std::for_each(spec->names.begin(), spec->names.end(), add);
  }
  return {names.begin(), names.end()};
}

const store::VersionInfo* stored_of(const Overview& overview) {
  return overview.installed ? &overview.installed->info : nullptr;
}

// Whether the chain is that in the store's files. Much cheaper than reading the whole version,
// which only a difference is worth.
bool is_stored_chain(const store::StoreReader& store, const std::string& name,
                     const std::vector<crypto::Certificate>& chain) {
  const std::string directory = store.directory_of(name);
  if (chain.empty() || directory.empty()) return false;
  const auto text = read_file(directory + "fullchain.pem", kLargestChain);
  return text && *text == crypto::to_pem(chain);
}

std::optional<crypto::KeyAlgorithm> key_of(const Overview& overview) {
  if (overview.installed && overview.installed->key) return overview.installed->key->algorithm;
  if (overview.spec != nullptr && overview.spec->key) return overview.spec->key->algorithm;
  return std::nullopt;
}

}  // namespace ccm::cli
