// SPDX-License-Identifier: Apache-2.0
#include "sources/pca/pca_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "config/sources/pca.h"
#include "crypto/certificate/pem.h"
#include "crypto/key/signing_request.h"
#include "policy/gate.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestCommonName = 64;
// How far behind ours the service's clock may be when it says when something was created.
constexpr Seconds kClockTolerance = 10min;
// No more certificates of one name than this are made while one order is open.
constexpr std::size_t kMostLookedAt = 10;

const config::PcaSource& wish_of(const ObtainRequest& request) {
  return request.spec.source.as<config::PcaSource>();
}

std::string origin_of(const ObtainRequest& request, std::string_view id) {
  return fmt::format("{}{}", request.spec.source.facts().origin_prefix, id);
}

// The id in an origin of this issuer; empty for every other origin.
std::string installed_id_of_issuer(const ObtainRequest& request) {
  if (request.current == nullptr) return {};
  const std::string& origin = request.current->info.origin;
  const std::string prefix = origin_of(request, {});
  return origin.starts_with(prefix) ? origin.substr(prefix.size()) : std::string();
}

bool is_unknown_to_service(const Error& error) {
  return error.kind() == ErrorKind::rejected &&
         (error.code() == "PCA.00030102" || error.code() == "PCA.10010002");
}

// The same name that the signing request and the service choose.
std::string common_name_of(const std::vector<std::string>& names) {
  const auto found = std::find_if(names.begin(), names.end(), [](const std::string& name) {
    return name.size() <= kLongestCommonName;
  });
  return found == names.end() ? std::string() : *found;
}

// Made for other settings, or fulfilled but not yet removed.
bool is_stale(const Order& order, const ObtainRequest& request) {
  if (order.spec_fingerprint != request.spec.fingerprint()) return true;
  if (request.current == nullptr) return false;
  if (order.key) return order.key->has_same_public_key(request.current->bundle.key());
  return !order.certificate_id.empty() && order.certificate_id == installed_id_of_issuer(request);
}

Result<crypto::Bundle> make_bundle(const cloud::PcaExport& exported, const Order& order, Time now) {
  if (order.key) {
    return crypto::Bundle::parse_pem(exported.certificate, exported.certificate_chain, *order.key,
                                     now);
  }
  Result<crypto::KeyPair> key = crypto::KeyPair::parse_pem(exported.private_key.reveal());
  if (!key) return fail_with(std::move(key), "private key");
  return crypto::Bundle::parse_pem(exported.certificate, exported.certificate_chain,
                                   std::move(*key), now);
}

bool is_installed(const crypto::Bundle& bundle, const ObtainRequest& request) {
  return request.current != nullptr &&
         request.current->info.fingerprint == bundle.leaf().fingerprint();
}

}  // namespace

Result<Outcome> PcaSource::obtain(const ObtainRequest& request) {
  Result<bool> current_must_go = must_go(request);
  if (!current_must_go) return pass(std::move(current_must_go));
  if (!request.is_due && !*current_must_go) return Outcome(Unchanged{});
  Result<Order> order = issued_order(request, *current_must_go);
  if (!order) return pass(std::move(order));
  Result<crypto::Bundle> bundle = collect(request, *order);
  if (!bundle) return pass(std::move(bundle));
  return Outcome(Obtained{.bundle = std::move(*bundle),
                          .origin = origin_of(request, order->certificate_id),
                          .current_must_go = *current_must_go});
}

Result<void> PcaSource::installed(const ObtainRequest& request) {
  return remove_order(store_, request.lease, request.spec.name);
}

Result<void> PcaSource::refused(const ObtainRequest& request) {
  return remove_order(store_, request.lease, request.spec.name);
}

Result<bool> PcaSource::must_go(const ObtainRequest& request) {
  if (request.current == nullptr) return false;
  const std::string id = installed_id_of_issuer(request);
  // It comes from another issuer or source. A certificate that an operator has imported stays until
  // it is due.
  const std::string& origin = request.current->info.origin;
  if (id.empty()) return config::kind_of_origin(origin) != nullptr;
  Result<cloud::PcaCertificate> shown = client_.show(id);
  if (shown) return request.is_revoked(shown->status.starts_with("REVOK"), "PCA");
  // A renewal does not wait for this answer.
  if (request.is_due || is_unknown_to_service(shown.error())) return false;
  return fail_with(std::move(shown), "whether the installed certificate was revoked");
}

Result<Order> PcaSource::issued_order(const ObtainRequest& request, bool current_must_go) {
  Result<std::optional<Order>> unfinished = unfinished_order(request);
  if (!unfinished) return pass(std::move(unfinished));
  if (*unfinished && !(*unfinished)->certificate_id.empty()) return std::move(**unfinished);
  if (Result<void> usable = check_authority(request, current_must_go); !usable) {
    return pass(std::move(usable));
  }
  Result<Order> order = *unfinished ? Result<Order>(std::move(**unfinished)) : begin_order(request);
  if (!order) return order;
  Result<std::string> id = issue(request, *order);
  if (!id) return pass(std::move(id));
  order->certificate_id = std::move(*id);
  Result<void> written = write_order(store_, request.lease, request.spec.name, *order);
  if (!written) return pass(std::move(written));
  return order;
}

Result<std::optional<Order>> PcaSource::unfinished_order(const ObtainRequest& request) {
  const std::string& name = request.spec.name;
  Result<std::optional<Order>> order = read_order(store_, request.lease, name);
  if (!order || !*order) return order;
  if (is_stale(**order, request)) {
    Result<void> removed = remove_order(store_, request.lease, name);
    if (!removed) return pass(std::move(removed));
    return std::optional<Order>();
  }
  if (!(*order)->certificate_id.empty()) return order;
  Result<std::string> id = find_issued(request, **order);
  if (!id) return fail_with(std::move(id), "look for what was already issued");
  if (id->empty()) return order;
  (*order)->certificate_id = std::move(*id);
  Result<void> written = write_order(store_, request.lease, name, **order);
  if (!written) return pass(std::move(written));
  return order;
}

Result<Order> PcaSource::begin_order(const ObtainRequest& request) {
  Order order{.key = std::nullopt,
              .created_at = request.now,
              .certificate_id = {},
              .spec_fingerprint = request.spec.fingerprint()};
  if (wish_of(request).key_origin == config::KeyOrigin::local) {
    Result<crypto::KeyPair> key =
        crypto::KeyPair::generate(request.spec.key.value_or(crypto::KeyType{}));
    if (!key) return fail_with(std::move(key), "make a private key");
    order.key = std::move(*key);
  }
  Result<void> written = write_order(store_, request.lease, request.spec.name, order);
  if (!written) return pass(std::move(written));
  return order;
}

Result<std::string> PcaSource::find_issued(const ObtainRequest& request, const Order& order) {
  const std::string common_name = common_name_of(request.spec.names);
  if (common_name.empty()) return std::string();
  Result<std::vector<cloud::PcaCertificate>> found = client_.find(common_name);
  if (!found) return pass(std::move(found));
  // Our own clock may have been wrong when the order was recorded.
  const Time earliest = std::min(order.created_at, request.now) - kClockTolerance;
  std::erase_if(*found, [&](const cloud::PcaCertificate& certificate) {
    return certificate.status != "ISSUED" || certificate.created_at.value_or(earliest) < earliest;
  });
  if (found->size() > kMostLookedAt) found->resize(kMostLookedAt);
  for (const cloud::PcaCertificate& certificate : *found) {
    const Result<bool> is_it = fulfils(certificate.id, request, order);
    if (!is_it) return fail(is_it.error());
    if (*is_it) return certificate.id;
  }
  return std::string();
}

Result<bool> PcaSource::fulfils(const std::string& id, const ObtainRequest& request,
                                const Order& order) {
  Result<cloud::PcaExport> exported = client_.export_certificate(id);
  if (!exported && exported.error().kind() == ErrorKind::rejected) return false;
  if (!exported) return pass(std::move(exported));
  const Result<crypto::Bundle> bundle = make_bundle(*exported, order, request.now);
  if (!bundle || is_installed(*bundle, request)) return false;
  // A certificate with our own key belongs to this order. One with a key of PCA's could belong to
  // another certificate's order.
  return order.key.has_value() ||
         policy::check_installed(request.spec, *bundle, request.now).has_value();
}

Result<void> PcaSource::check_authority(const ObtainRequest& request, bool current_must_go) {
  const std::string& id = wish_of(request).issuer_id;
  Result<cloud::PcaAuthority> authority = client_.show_authority(id);
  if (!authority) return pass(std::move(authority));
  // The spelling of the service.
  if (authority->status != "ACTIVED") {
    return fail(ErrorKind::rejected,
                fmt::format("the issuing CA {} is {}, and only one that is ACTIVED issues "
                            "certificates: activate or enable it, or name another issuer",
                            id, authority->status));
  }
  if (!authority->not_after || request.current == nullptr || current_must_go) return {};
  const crypto::Bundle& current = request.current->bundle;
  if (*authority->not_after > current.leaf().not_after() ||
      !policy::check_installed(request.spec, current, request.now)) {
    return {};
  }
  // PCA ends every certificate with its CA at the latest (docs/design/differences.md, "End of the
  // CA").
  return fail(ErrorKind::rejected,
              fmt::format("the issuing CA {} itself ends at {}, so a new certificate would not "
                          "last longer than the installed one: name an issuer that lives longer",
                          id, format_time(*authority->not_after)));
}

Result<std::string> PcaSource::issue(const ObtainRequest& request, const Order& order) {
  const config::PcaSource& wish = wish_of(request);
  const cloud::PcaValidity validity{.duration = wish.validity};
  Result<std::string> id;
  if (order.key) {
    Result<std::string> csr = crypto::make_signing_request(*order.key, request.spec.names);
    if (!csr) return fail_with(std::move(csr), "make a signing request");
    id = client_.issue_by_csr(wish.issuer_id, *csr, validity);
  } else {
    id = client_.issue(wish.issuer_id, request.spec.key.value_or(crypto::KeyType{}),
                       request.spec.names, validity);
  }
  // `invalid` here concerns the request, not the answer.
  if (!id && id.error().kind() == ErrorKind::invalid) {
    return fail(std::move(id).error().with_kind(ErrorKind::rejected));
  }
  return id;
}

Result<crypto::Bundle> PcaSource::collect(const ObtainRequest& request, const Order& order) {
  const std::string& id = order.certificate_id;
  Result<cloud::PcaExport> exported = client_.export_certificate(id);
  if (!exported) {
    if (exported.error().kind() != ErrorKind::rejected) return pass(std::move(exported));
    Result<bool> lost = is_lost(id);
    if (!lost) return pass(std::move(lost));
    if (!*lost) return pass(std::move(exported));
    return give_up(request, std::move(exported).error().with_kind(ErrorKind::invalid));
  }
  Result<crypto::Bundle> bundle = make_bundle(*exported, order, request.now);
  if (bundle) return bundle;
  return give_up(request, std::move(bundle)
                              .error()
                              .with_context(fmt::format("certificate {} from PCA", id))
                              .with_kind(ErrorKind::invalid));
}

Result<bool> PcaSource::is_lost(const std::string& id) {
  Result<cloud::PcaCertificate> shown = client_.show(id);
  if (shown) return shown->status != "ISSUED";
  if (is_unknown_to_service(shown.error())) return true;
  // We may not look either, so nothing says that the certificate is gone.
  if (shown.error().kind() == ErrorKind::rejected) return false;
  return pass(std::move(shown));
}

Failure PcaSource::give_up(const ObtainRequest& request, Error error) {
  if (Result<void> removed = remove_order(store_, request.lease, request.spec.name); !removed) {
    return pass(std::move(removed));
  }
  return fail(std::move(error));
}

}  // namespace ccm::sources
