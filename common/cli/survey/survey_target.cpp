// SPDX-License-Identifier: Apache-2.0
#include "cli/survey/survey_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/pem.h"
#include "store/catalogue_membership.h"
#include "store/forgetting.h"

namespace ccm::cli {
namespace {

// A name below a wildcard that nobody is likely to have given to a host.
constexpr const char* kBelowWildcard = "ccm-check";
constexpr std::size_t kLargestChain = std::size_t{192} << 10U;
// More handshakes take longer than a monitoring system waits.
constexpr std::size_t kMostCatalogued = 1000;

std::set<std::string> named_by(const std::vector<EffectiveSettings>& servers) {
  std::set<std::string> names;
  for (const EffectiveSettings& server : servers) {
    for (const auto& spec : server.config.certificates()) names.insert(spec.name);
  }
  return names;
}

bool has_catalogue(const EffectiveSettings& server) {
  return server.server.kind != config::ServerKind::none && !server.config.catalogues().empty() &&
         condition_of(server.seen) != AgentCondition::stopped;
}

// What is in the store, not among `named`, and shown by a server that runs.
std::vector<std::pair<std::string, store::VersionInfo>> catalogued_versions(
    const std::vector<EffectiveSettings>& servers, const store::StoreReader& store,
    const std::set<std::string>& named) {
  std::vector<std::pair<std::string, store::VersionInfo>> found;
  if (std::none_of(servers.begin(), servers.end(), has_catalogue)) return found;
  for (const std::string& name : store.names().value_or(std::vector<std::string>())) {
    const bool is_shown = std::any_of(servers.begin(), servers.end(), [&](const auto& server) {
      return has_catalogue(server) && shows_from_catalogue(server, store, name);
    });
    if (named.contains(name) || !is_shown || store::is_forgotten(store, name)) continue;
    auto described = store.describe(name);
    if (described && described->info) found.emplace_back(name, *std::move(described->info));
  }
  return found;
}

}  // namespace

std::vector<std::string> names_to_ask(const Target& target, const store::StoreReader& store,
                                      const Overview& overview) {
  std::set<std::string> names;
  const auto add = [&names](const std::string& name) {
    names.insert(crypto::is_wildcard(name) ? kBelowWildcard + name.substr(1) : name);
  };
  for (const EffectiveSettings* server : target.servers) {
    const config::CertificateSpec* spec = server->config.find(overview.name);
    if (spec == nullptr) {
      const bool has_name = overview.spec == nullptr && overview.installed &&
                            !overview.installed->names.empty() &&
                            shows_from_catalogue(*server, store, overview.name);
      if (has_name) add(overview.installed->names.front());
      continue;
    }
    const auto hosts = server->hosts.find(overview.name);
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

bool shows_from_catalogue(const EffectiveSettings& server, const store::StoreReader& store,
                          const std::string& certificate) {
  const auto& catalogues = server.config.catalogues();
  return std::any_of(catalogues.begin(), catalogues.end(), [&](const auto& catalogue) {
    return store::is_selected(store, certificate, catalogue);
  });
}

Result<std::vector<std::string>> certificates_to_ask(const std::vector<EffectiveSettings>& servers,
                                                     const store::StoreReader& store,
                                                     const std::vector<std::string>& wanted) {
  std::set<std::string> known = named_by(servers);
  const bool are_known = std::all_of(wanted.begin(), wanted.end(),
                                     [&](const auto& name) { return known.contains(name); });
  if (wanted.empty() || !are_known) {
    auto catalogued = catalogued_versions(servers, store, known);
    std::sort(catalogued.begin(), catalogued.end(), [](const auto& one, const auto& other) {
      return std::tie(one.second.not_after, one.first) <
             std::tie(other.second.not_after, other.first);
    });
    const std::size_t count =
        wanted.empty() ? std::min(catalogued.size(), kMostCatalogued) : catalogued.size();
    for (std::size_t i = 0; i < count; ++i) known.insert(std::move(catalogued[i].first));
  }
  for (const std::string& name : wanted) {
    if (known.contains(name)) continue;
    return fail(ErrorKind::invalid,
                fmt::format("no server of this host shows a certificate \"{}\"", printable(name)));
  }
  return wanted.empty() ? std::vector<std::string>(known.begin(), known.end()) : wanted;
}

std::map<std::string, std::string> catalogued_fingerprints(
    const std::vector<EffectiveSettings>& servers, const store::StoreReader& store) {
  std::map<std::string, std::string> all;
  for (auto& [name, info] : catalogued_versions(servers, store, {})) {
    all.emplace(info.fingerprint, std::move(name));
  }
  return all;
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
