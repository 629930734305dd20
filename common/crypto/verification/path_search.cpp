// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/path_search.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "crypto/certificate/recent_checks.h"
#include "crypto/verification/client_rules.h"
#include "crypto/verification/client_verdict.h"
#include "crypto/verification/path_rules.h"

namespace ccm::crypto {
namespace {

constexpr std::size_t kMostPaths = 32;
// Longer than anything that may be served, so that a chain that is too long is recognised.
constexpr std::size_t kLongestPath = 20;

bool is_in_force(const Certificate& certificate, std::optional<Time> now) noexcept {
  return !now || (certificate.not_before() <= *now && certificate.not_after() > *now);
}

// Walks from the leaf up, depth first, and keeps every path that cannot be continued.
class Search {
 public:
  Search(const Certificate& leaf, const Certificates& all, std::optional<Time> now) : now_(now) {
    nodes_.push_back({.certificate = leaf, .issuers = {}});
    for (const Certificate& certificate : all) {
      if (is_same(certificate, leaf)) continue;
      // A root of version 1 does not say that it is an authority, and clients accept it
      // nevertheless.
      if (certificate.is_self_signed()) {
        roots_.push_back(certificate);
      } else if (certificate.is_ca()) {
        nodes_.push_back({.certificate = certificate, .issuers = {}});
      }
    }
  }

  std::vector<Path> run() {
    if (!nodes_.front().certificate.is_self_signed()) way_.push_back(0);
    if (way_.empty()) return {{.certificates = {nodes_.front().certificate}, .root = {}}};
    walk();
    return std::move(found_);
  }

 private:
  struct Node {
    Certificate certificate;
    // Looked up when the search gets here, because checking signatures is expensive.
    std::optional<std::vector<std::size_t>> issuers;
  };

  const std::vector<std::size_t>& issuers_of(std::size_t index) {
    Node& node = nodes_[index];
    if (node.issuers) return *node.issuers;
    node.issuers.emplace();
    for (std::size_t i = 1; i < nodes_.size(); ++i) {
      if (i != index && node.certificate.is_issued_by(nodes_[i].certificate)) {
        node.issuers->push_back(i);
      }
    }
    return *node.issuers;
  }

  void walk() {
    if (found_.size() >= kMostPaths) return;
    bool is_end = true;
    if (way_.size() < kLongestPath) {
      for (const std::size_t issuer : issuers_of(way_.back())) {
        if (std::find(way_.begin(), way_.end(), issuer) != way_.end()) continue;
        is_end = false;
        way_.push_back(issuer);
        walk();
        way_.pop_back();
      }
    }
    if (is_end) found_.push_back(judged());
  }

  // Faults that any authority's certificate may get with time, while clients have a newer one with
  // the same name and key. Other faults (of path length, of name constraints, …) count, unless a
  // delivered root shows that the path is good without this certificate.
  bool is_outdated(const Certificate& certificate) const {
    return !is_in_force(certificate, now_) ||
           certificate.signature_strength() != SignatureStrength::strong;
  }

  // The path as far as a client can use it, or all of it when that is not far enough.
  Path judged() const {
    Certificates whole;
    for (const std::size_t index : way_) whole.push_back(nodes_[index].certificate);
    for (std::size_t size = whole.size(); size > 0; --size) {
      Path path = path_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
      const bool is_enough =
          path.root || (size > 1 && (size == whole.size() || is_outdated(whole[size])));
      path.is_cut = size < whole.size();
      path.is_live = is_enough && is_usable(path);
      if (path.is_live) return path;
    }
    return path_of(std::move(whole));
  }

  Path path_of(Certificates certificates) const {
    Path path{.certificates = std::move(certificates), .root = {}};
    for (auto it = path.certificates.rbegin(); it != path.certificates.rend() && !path.root; ++it) {
      path.root = root_of(*it);
    }
    return path;
  }

  // A root that clients accept and that is valid now, if there is one.
  std::optional<Certificate> root_of(const Certificate& certificate) const {
    std::optional<Certificate> found;
    for (const Certificate& root : roots_) {
      if (!certificate.is_issued_by(root)) continue;
      if (is_in_force(root, now_) && root_problem(root).empty()) return root;
      if (!found || is_in_force(root, now_)) found = root;
    }
    return found;
  }

  // The root when it is directly above the path. An expired one does not count: clients have their
  // own, perhaps a later one with the same key.
  std::optional<Certificate> anchor_above(const Path& path) const {
    const bool is_above = path.root && is_in_force(*path.root, now_) &&
                          path.certificates.back().is_issued_by(*path.root);
    return is_above ? path.root : std::nullopt;
  }

  bool is_usable(const Path& path) const {
    const auto is_sound = [](const Certificate& c) {
      return c.signature_strength() == SignatureStrength::strong && form_problem(c).empty();
    };
    const Certificates& all = path.certificates;
    const bool are_sound = std::all_of(all.begin(), all.end(), is_sound) &&
                           std::all_of(all.begin() + 1, all.end(), [](const Certificate& c) {
                             return issuer_key_problem(c).empty();
                           });
    const std::optional<Certificate> anchor = anchor_above(path);
    return are_sound && (!anchor || root_problem(*anchor).empty()) &&
           verify_as_client(all, anchor, now_).has_value() &&
           path_problem(all, anchor ? &*anchor : nullptr).empty();
  }

  std::optional<Time> now_;
  std::vector<Node> nodes_;  // the leaf, then every authority that is not a root
  Certificates roots_;
  std::vector<std::size_t> way_;
  std::vector<Path> found_;
};

// A delivered root that has expired is worse than none.
enum class Top : std::uint8_t { over, unknown, in_force };

Top top_of(const Path& path, std::optional<Time> now) noexcept {
  if (!path.root) return Top::unknown;
  return is_in_force(*path.root, now) ? Top::in_force : Top::over;
}

// The greater, the better.
auto rank_of(const Path& path, std::optional<Time> now) noexcept {
  return std::tuple(path.is_live, top_of(path, now), !path.is_cut);
}

}  // namespace

std::vector<Path> best_paths(const Certificate& leaf, const Certificates& others,
                             std::optional<Time> now) {
  const PathQuestion question{leaf, others, now};
  if (auto known = find_recent(question)) return *std::move(known);
  std::vector<Path> found = Search(leaf, others, now).run();
  auto best = rank_of(found.front(), now);
  for (const Path& path : found) best = std::max(best, rank_of(path, now));
  std::erase_if(found, [&](const Path& path) { return rank_of(path, now) != best; });
  // When no client accepts any of them, one is enough.
  if (!found.front().is_live) found.resize(1);
  note_recent(question, found);
  return found;
}

}  // namespace ccm::crypto
