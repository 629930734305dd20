// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/path_rules.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "crypto/openssl_handles.h"
#include "crypto/verification/constraint_rules.h"

namespace ccm::crypto {
namespace {

using PolicyTreeHandle = Handle<X509_POLICY_TREE, X509_policy_tree_free>;
void free_list_of_objects(STACK_OF(ASN1_OBJECT) * objects) noexcept {
  sk_ASN1_OBJECT_free(objects);
}

// Borrows its content.
using ObjectsHandle = Handle<STACK_OF(ASN1_OBJECT), free_list_of_objects>;
using PolicyConstraintsHandle = Handle<POLICY_CONSTRAINTS, POLICY_CONSTRAINTS_free>;

constexpr std::string_view kNoCommonPolicy =
    "an authority demands certificate policies, and there is none that the whole path has";

bool has_extension(const Certificate& certificate, int nid) {
  return X509_get_ext_by_NID(certificate.native(), nid, -1) >= 0;
}

// The certificate constrains the policies of others and has none itself. X509_policy_check() of
// OpenSSL 3.0 leaks the constraints of such a certificate.
bool constrains_without_policies(const Certificate& certificate) {
  return has_extension(certificate, NID_policy_constraints) &&
         !has_extension(certificate, NID_certificate_policies);
}

// How many more certificates may have no policy; nullopt when the certificate does not say.
std::optional<std::uint64_t> allowed_without_policy(const Certificate& certificate) {
  const PolicyConstraintsHandle constraints(static_cast<POLICY_CONSTRAINTS*>(
      X509_get_ext_d2i(certificate.native(), NID_policy_constraints, nullptr, nullptr)));
  std::uint64_t allowed = 0;
  const bool is_said = constraints != nullptr && constraints->requireExplicitPolicy != nullptr &&
                       ASN1_INTEGER_get_uint64(&allowed, constraints->requireExplicitPolicy) == 1;
  return is_said ? std::optional(allowed) : std::nullopt;
}

// RFC 5280 section 6.1, for a path without a common policy: explicit_policy says how many
// certificates may still have none.
bool demands_a_policy(const std::vector<Certificate>& path, const Certificate* root) {
  std::uint64_t left = path.size() + 1;
  if (root != nullptr) left = std::min(left, allowed_without_policy(*root).value_or(left));
  for (auto certificate = path.rbegin(); certificate != path.rend(); ++certificate) {
    const bool is_leaf = std::next(certificate) == path.rend();
    const bool is_self_issued = (X509_get_extension_flags(certificate->native()) & EXFLAG_SI) != 0;
    if (left > 0 && (is_leaf || !is_self_issued)) --left;
    const std::optional<std::uint64_t> allowed = allowed_without_policy(*certificate);
    if (allowed && (!is_leaf || *allowed == 0)) left = std::min(left, *allowed);
  }
  return left == 0;
}

// OpenSSL reads an empty list as "no policy", not as "any policy".
ObjectsHandle any_policy() {
  ObjectsHandle policies(sk_ASN1_OBJECT_new_null());
  const bool is_full =
      policies != nullptr && sk_ASN1_OBJECT_push(policies.get(), OBJ_nid2obj(NID_any_policy)) > 0;
  return is_full ? std::move(policies) : nullptr;
}

// RFC 5280 section 6.1: an authority may demand that each certificate below it has a policy.
std::string policy_problem(const std::vector<Certificate>& path, const Certificate* root) {
  const bool is_demanded = demands_a_policy(path, root);
  if (std::any_of(path.begin(), path.end(), constrains_without_policies)) {
    return is_demanded ? std::string(kNoCommonPolicy) : std::string();
  }
  const ObjectsHandle any = any_policy();
  const ListHandle chain(sk_X509_new_null());
  if (chain == nullptr || any == nullptr) return {};
  for (const Certificate& certificate : path) {
    if (sk_X509_push(chain.get(), certificate.native()) == 0) return {};
  }
  // OpenSSL skips the last certificate, which it takes for the root.
  if (sk_X509_push(chain.get(), path.back().native()) == 0) return {};
  X509_POLICY_TREE* tree = nullptr;
  int is_explicit = 0;
  const int verdict = X509_policy_check(&tree, &is_explicit, chain.get(), any.get(),
                                        is_demanded ? X509_V_FLAG_EXPLICIT_POLICY : 0);
  const PolicyTreeHandle owned(tree);
  if (verdict == X509_PCY_TREE_FAILURE) return std::string(kNoCommonPolicy);
  return verdict == X509_PCY_TREE_INVALID ? "its certificate policies are not as they must be"
                                          : std::string();
}

std::string_view bytes_of(const X509_NAME* name) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  X509_NAME_get0_der(name, &data, &size);
  return {reinterpret_cast<const char*>(data), size};
}

// OpenSSL ignores case and the type of string in names, Go does not.
std::string names_problem_of(const Certificate& issued, const Certificate& issuer) {
  const bool is_same = bytes_of(X509_get_issuer_name(issued.native())) ==
                       bytes_of(X509_get_subject_name(issuer.native()));
  return is_same ? std::string()
                 : fmt::format(
                       "{} spells the name of its issuer in another way than the issuer "
                       "itself",
                       issued.subject());
}

std::string spelling_problem(const std::vector<Certificate>& path, const Certificate* root) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Certificate* issuer = i + 1 < path.size() ? &path[i + 1] : root;
    std::string problem = issuer != nullptr ? names_problem_of(path[i], *issuer) : std::string();
    if (!problem.empty()) return problem;
  }
  return {};
}

}  // namespace

std::string path_problem(const std::vector<Certificate>& path, const Certificate* root) {
  std::string problem = spelling_problem(path, root);
  if (problem.empty()) problem = policy_problem(path, root);
  if (problem.empty()) problem = constrained_names_problem(path);
  drain_openssl_errors();
  return problem;
}

}  // namespace ccm::crypto
