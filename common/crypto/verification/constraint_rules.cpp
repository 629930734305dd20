// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/constraint_rules.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "crypto/certificate/alternative_names.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/plain_uri.h"

namespace ccm::crypto {
namespace {

using ConstraintsHandle = Handle<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using Subtrees = const STACK_OF(GENERAL_SUBTREE);

// Go makes no more comparisons for one authority.
constexpr std::uint64_t kMostComparisons = 250000;

struct Constraints {
  ConstraintsHandle handle;
  bool are_critical = false;
};

Constraints constraints_of(const X509* certificate) {
  int critical = 0;
  ConstraintsHandle handle(static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(certificate, NID_name_constraints, &critical, nullptr)));
  return {.handle = std::move(handle), .are_critical = critical > 0};
}

std::string_view view_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// The value of a DNS name, an address, a mailbox or a URI; empty for other types.
std::string_view text_of_name(const GENERAL_NAME* name) {
  const bool has_text = name->type == GEN_DNS || name->type == GEN_IPADD ||
                        name->type == GEN_EMAIL || name->type == GEN_URI;
  return has_text ? view_of(name->d.ia5) : std::string_view();
}

bool is_any(Subtrees* subtrees, const std::function<bool(const GENERAL_SUBTREE&)>& wanted) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    if (wanted(*sk_GENERAL_SUBTREE_value(subtrees, i))) return true;
  }
  return false;
}

bool is_any(const NAME_CONSTRAINTS& both,
            const std::function<bool(const GENERAL_SUBTREE&)>& wanted) {
  return is_any(both.permittedSubtrees, wanted) || is_any(both.excludedSubtrees, wanted);
}

// -- how they are written ---------------------------------------------------------------------

bool has_mask(std::string_view address) {
  if (address.size() != 8 && address.size() != 32) return false;
  bool is_over = false;
  for (const char octet : address.substr(address.size() / 2)) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool is_set = (static_cast<unsigned char>(octet) >> bit & 1) != 0;
      if (is_set && is_over) return false;
      is_over = !is_set;
    }
  }
  return true;
}

// A dot at the beginning is allowed.
bool has_readable_labels(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  const bool is_visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
  return is_visible && !text.starts_with('.') && !text.ends_with('.') &&
         text.find("..") == std::string_view::npos;
}

bool is_readable_mailbox(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return has_readable_labels(text);
  const std::string_view domain = text.substr(at + 1);
  return at > 0 && !domain.empty() && !domain.starts_with('.') && has_readable_labels(domain) &&
         has_readable_labels(text.substr(0, at));
}

bool has_host_characters(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

// Whether Go can read it, and Java, when it must not ignore it.
bool is_readable_subtree(const GENERAL_SUBTREE& subtree, bool is_critical) {
  const std::string_view text = text_of_name(subtree.base);
  switch (subtree.base->type) {
    case GEN_IPADD:
      return has_mask(text);
    case GEN_DNS:
      return !text.empty() && has_readable_labels(text);
    case GEN_EMAIL:
      return is_readable_mailbox(text) && !(is_critical && text.empty());
    case GEN_URI:
      return has_readable_labels(text) && !is_ip_address(text) &&
             !(is_critical && (text.empty() || !has_host_characters(text)));
    default:
      return true;
  }
}

bool has_known_type(const GENERAL_SUBTREE& subtree) {
  const int type = subtree.base->type;
  return type == GEN_DNS || type == GEN_IPADD || type == GEN_EMAIL || type == GEN_URI;
}

// -- how clients apply them ---------------------------------------------------------------------

// If "bad.example.com" is excluded, "*.example.com" is refused, because it could stand for that
// name.
std::string excluded_below(const std::string& wildcard, const NAME_CONSTRAINTS& constraints) {
  std::string found;
  is_any(constraints.excludedSubtrees, [&](const GENERAL_SUBTREE& subtree) {
    if (subtree.base->type != GEN_DNS) return false;
    const std::string name = to_lower(text_of_name(subtree.base));
    const std::size_t dot = name.find('.');
    const bool is_below = dot != std::string::npos && name.substr(dot) == wildcard.substr(1);
    if (is_below) found = name;
    return is_below;
  });
  return found;
}

std::string wildcard_problem(const std::vector<std::string>& names,
                             const NAME_CONSTRAINTS& constraints) {
  for (const std::string& name : names) {
    if (!is_wildcard(name)) continue;
    const std::string excluded = excluded_below(name, constraints);
    if (excluded.empty()) continue;
    return fmt::format("excludes \"{}\", which \"{}\" would cover", printable(excluded), name);
  }
  return {};
}

// Java compares as many bytes as the shorter one has, and does not apply the mask to the network.
bool is_within(std::string_view address, std::string_view network) {
  const std::size_t size = network.size() / 2;
  if (address.size() < size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    const auto masked = static_cast<unsigned char>(address[i] & network[size + i]);
    if (masked != static_cast<unsigned char>(network[i])) return false;
  }
  return true;
}

bool is_address_refused(std::string_view address, const NAME_CONSTRAINTS& constraints) {
  const auto is_address = [](const GENERAL_SUBTREE& s) { return s.base->type == GEN_IPADD; };
  const auto is_around = [&](const GENERAL_SUBTREE& s) {
    return is_address(s) && is_within(address, text_of_name(s.base));
  };
  return is_any(constraints.excludedSubtrees, is_around) ||
         (is_any(constraints.permittedSubtrees, is_address) &&
          !is_any(constraints.permittedSubtrees, is_around));
}

bool is_link_refused(std::string_view link, const Constraints& constraints) {
  const bool are_limited =
      is_any(*constraints.handle, [](const GENERAL_SUBTREE& s) { return s.base->type == GEN_URI; });
  if (!are_limited) return false;
  // Chromium compares none of them.
  return constraints.are_critical || domain_of(link).empty();
}

std::uint64_t comparisons_of(const GENERAL_NAMES* names, const NAME_CONSTRAINTS& constraints) {
  std::uint64_t count = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && count <= kMostComparisons; ++i) {
    const int type = sk_GENERAL_NAME_value(names, i)->type;
    is_any(constraints, [&](const GENERAL_SUBTREE& subtree) {
      if (subtree.base->type == type) ++count;
      return false;
    });
  }
  return count;
}

std::string name_problem(const GENERAL_NAMES* names, const Constraints& constraints) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    const std::string_view text = text_of_name(name);
    if (name->type == GEN_IPADD && is_address_refused(text, *constraints.handle)) {
      return "limits addresses, and Java applies that to one of the certificate's";
    }
    if (name->type == GEN_URI && is_link_refused(text, constraints)) {
      return "limits URIs, and the certificate has one that not every client can compare";
    }
  }
  return {};
}

std::string problem_of(const Certificate& leaf, const GENERAL_NAMES* names,
                       const Certificate& issuer) {
  const Constraints constraints = constraints_of(issuer.native());
  if (constraints.handle == nullptr) return {};
  if (comparisons_of(names, *constraints.handle) > kMostComparisons) {
    return "limits more names than clients compare with those of the certificate";
  }
  std::string problem = wildcard_problem(leaf.names(), *constraints.handle);
  return problem.empty() ? name_problem(names, constraints) : problem;
}

}  // namespace

std::string constraints_problem(const X509* certificate) {
  const Constraints constraints = constraints_of(certificate);
  if (constraints.handle == nullptr) return {};
  const NAME_CONSTRAINTS& both = *constraints.handle;
  if (!is_any(both, [](const GENERAL_SUBTREE&) { return true; })) {
    return "its name constraints are empty";
  }
  // RFC 5280 wants the maximum absent and the minimum at its default.
  if (is_any(both, [](const auto& s) { return s.minimum != nullptr || s.maximum != nullptr; })) {
    return "its name constraints have a minimum or a maximum, which clients do not know";
  }
  if (is_any(both,
             [&](const auto& s) { return !is_readable_subtree(s, constraints.are_critical); })) {
    return "its name constraints have a name or an address that not every client can read";
  }
  const bool are_known = !is_any(both, [](const auto& s) { return !has_known_type(s); });
  return are_known || !constraints.are_critical
             ? std::string()
             : "its name constraints are critical and of a kind that not every client knows";
}

std::string constrained_names_problem(const std::vector<Certificate>& path) {
  const Certificate& leaf = path.front();
  const GeneralNamesHandle names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(leaf.native(), NID_subject_alt_name, nullptr, nullptr)));
  for (std::size_t i = 1; i < path.size(); ++i) {
    const std::string problem = problem_of(leaf, names.get(), path[i]);
    if (!problem.empty()) return fmt::format("{} {}", path[i].subject(), problem);
  }
  return {};
}

}  // namespace ccm::crypto
