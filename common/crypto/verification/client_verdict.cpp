// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/client_verdict.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "crypto/certificate/asn1_time.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/recent_checks.h"
#include "crypto/openssl_handles.h"
#include "crypto/verification/system_trust.h"

namespace ccm::crypto {
namespace {

using ContextHandle = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;

// 112 bits, which the distributions' OpenSSL requires of a TLS peer.
constexpr int kSecurityLevel = 2;

// Borrows the certificates.
ListHandle issuers_of(const std::vector<Certificate>& path) {
  ListHandle list(sk_X509_new_null());
  for (std::size_t i = 1; i < path.size() && list != nullptr; ++i) {
    if (sk_X509_push(list.get(), path[i].native()) == 0) return nullptr;
  }
  return list;
}

Failure out_of_memory() {
  return fail(openssl_error(ErrorKind::internal, "verify a certificate chain"));
}

std::string subject_of(const X509* certificate) {
  if (certificate == nullptr) return "the certificate";
  X509* shared = const_cast<X509*>(certificate);
  return Certificate::share_of(shared).subject();
}

Result<void> verify(X509_STORE* store, const std::vector<Certificate>& path,
                    std::optional<Time> now, unsigned long flags) {
  const ListHandle issuers = issuers_of(path);
  const ContextHandle context(X509_STORE_CTX_new());
  if (issuers == nullptr || context == nullptr ||
      X509_STORE_CTX_init(context.get(), store, path.front().native(), issuers.get()) != 1) {
    return out_of_memory();
  }
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(rules, flags);
  X509_VERIFY_PARAM_set_auth_level(rules, kSecurityLevel);
  if (now) {
    X509_VERIFY_PARAM_set_time(rules, to_time_t(*now));
  } else {
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME);
  }
  if (X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER) != 1) return out_of_memory();
  const bool is_good = X509_verify_cert(context.get()) == 1;
  drain_openssl_errors();
  if (is_good) return {};
  return fail(
      ErrorKind::rejected,
      fmt::format("{} ({})", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())),
                  subject_of(X509_STORE_CTX_get_current_cert(context.get()))));
}

}  // namespace

Result<void> verify_as_client(const std::vector<Certificate>& path,
                              const std::optional<Certificate>& root, std::optional<Time> now) {
  const VerdictQuestion question{path, root, now};
  if (was_good(question)) return {};
  const StoreHandle store(X509_STORE_new());
  const Certificate& anchor = root ? *root : path.back();
  if (store == nullptr || X509_STORE_add_cert(store.get(), anchor.native()) != 1) {
    return out_of_memory();
  }
  Result<void> verdict = verify(store.get(), path, now, X509_V_FLAG_PARTIAL_CHAIN);
  if (verdict) note_good(question);
  return verdict;
}

bool is_named_for_client(const Certificate& leaf, const std::string& name) {
  constexpr unsigned kFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  int is_named = 0;
  if (is_ip_address(name)) {
    is_named = X509_check_ip_asc(leaf.native(), name.c_str(), kFlags);
  } else {
    // A wildcard stands for every name below its domain.
    const std::string host = is_wildcard(name) ? "any" + name.substr(1) : name;
    is_named = X509_check_host(leaf.native(), host.c_str(), host.size(), kFlags, nullptr);
  }
  drain_openssl_errors();
  return is_named == 1;
}

bool is_trusted_by_system(const std::vector<Certificate>& chain, Time now) {
  const StoreHandle store = system_trust();
  return store != nullptr && verify(store.get(), chain, now, 0).has_value();
}

bool is_trusted_by(const std::vector<Certificate>& authorities,
                   const std::vector<Certificate>& chain, Time now) {
  const StoreHandle store(X509_STORE_new());
  const bool is_filled =
      store != nullptr &&
      std::all_of(authorities.begin(), authorities.end(), [&](const Certificate& authority) {
        return X509_STORE_add_cert(store.get(), authority.native()) == 1;
      });
  drain_openssl_errors();
  return is_filled && verify(store.get(), chain, now, X509_V_FLAG_PARTIAL_CHAIN).has_value();
}

}  // namespace ccm::crypto
