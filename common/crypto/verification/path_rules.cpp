// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/path_rules.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/text.h"
#include "crypto/openssl_handles.h"

namespace ccm::crypto {
namespace {

using PolicyTreeHandle = Handle<X509_POLICY_TREE, X509_policy_tree_free>;
using PolicyConstraintsHandle = Handle<POLICY_CONSTRAINTS, POLICY_CONSTRAINTS_free>;
using ExclusionsHandle = Handle<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;

constexpr std::string_view kNoCommonPolicy =
    "an authority demands certificate policies, and there is none that the whole path has";

bool has_extension(const Certificate& certificate, int nid) {
  return X509_get_ext_by_NID(certificate.native(), nid, -1) >= 0;
}

// Constrains the policies of others and has none itself. X509_policy_check() of OpenSSL 3.0 leaks
// the constraints of such a certificate.
bool constrains_without_policies(const Certificate& certificate) {
  return has_extension(certificate, NID_policy_constraints) &&
         !has_extension(certificate, NID_certificate_policies);
}

// RFC 5280 section 6.1, for a path that has no policy in common: explicit_policy counts the
// certificates that may still go without one.
bool demands_a_policy(const std::vector<Certificate>& path) {
  std::uint64_t left = path.size() + 1;
  for (auto certificate = path.rbegin(); certificate != path.rend(); ++certificate) {
    const bool is_leaf = std::next(certificate) == path.rend();
    const bool is_self_issued = (X509_get_extension_flags(certificate->native()) & EXFLAG_SI) != 0;
    if (left > 0 && (is_leaf || !is_self_issued)) --left;
    const PolicyConstraintsHandle constraints(static_cast<POLICY_CONSTRAINTS*>(
        X509_get_ext_d2i(certificate->native(), NID_policy_constraints, nullptr, nullptr)));
    if (constraints == nullptr || constraints->requireExplicitPolicy == nullptr) continue;
    std::uint64_t allowed = 0;
    if (ASN1_INTEGER_get_uint64(&allowed, constraints->requireExplicitPolicy) == 0) continue;
    if (!is_leaf || allowed == 0) left = std::min(left, allowed);
  }
  return left == 0;
}

// RFC 5280 section 6.1: an authority may demand that each certificate below it has a policy.
std::string policy_problem(const std::vector<Certificate>& path) {
  if (std::any_of(path.begin(), path.end(), constrains_without_policies)) {
    return demands_a_policy(path) ? std::string(kNoCommonPolicy) : std::string();
  }
  const ListHandle chain(sk_X509_new_null());
  if (chain == nullptr) return {};
  for (const Certificate& certificate : path) {
    if (sk_X509_push(chain.get(), certificate.native()) == 0) return {};
  }
  // OpenSSL does not look at the last one, which it takes for the root.
  if (sk_X509_push(chain.get(), path.back().native()) == 0) return {};
  X509_POLICY_TREE* tree = nullptr;
  int is_explicit = 0;
  const int verdict = X509_policy_check(&tree, &is_explicit, chain.get(), nullptr, 0);
  const PolicyTreeHandle owned(tree);
  if (verdict == X509_PCY_TREE_FAILURE) return std::string(kNoCommonPolicy);
  return verdict == X509_PCY_TREE_INVALID ? "its certificate policies are not as they must be"
                                          : std::string();
}

std::string_view text_of(const ASN1_STRING* name) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)),
          static_cast<std::size_t>(ASN1_STRING_length(name))};
}

// "bad.example.com" is excluded, and "*.example.com" could be it.
std::string excluded_below(const std::string& wildcard, const Certificate& issuer) {
  const ExclusionsHandle constraints(static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(issuer.native(), NID_name_constraints, nullptr, nullptr)));
  if (constraints == nullptr) return {};
  const auto* excluded = constraints->excludedSubtrees;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(excluded); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(excluded, i)->base;
    if (base->type != GEN_DNS) continue;
    const std::string name = to_lower(text_of(base->d.dNSName));
    const std::size_t dot = name.find('.');
    if (dot != std::string::npos && name.substr(dot) == wildcard.substr(1)) return name;
  }
  return {};
}

std::string wildcard_problem(const std::vector<Certificate>& path) {
  for (const std::string& name : path.front().names()) {
    if (!name.starts_with("*.")) continue;
    for (std::size_t i = 1; i < path.size(); ++i) {
      const std::string excluded = excluded_below(name, path[i]);
      if (excluded.empty()) continue;
      return fmt::format("{} excludes \"{}\", which \"{}\" would cover", path[i].subject(),
                         printable(excluded), name);
    }
  }
  return {};
}

}  // namespace

std::string path_problem(const std::vector<Certificate>& path) {
  std::string problem = policy_problem(path);
  if (problem.empty()) problem = wildcard_problem(path);
  drain_openssl_errors();
  return problem;
}

}  // namespace ccm::crypto
