// SPDX-License-Identifier: Apache-2.0
// Certificates issued by a private CA, with a key made on this machine (docs/design/flows.md, "PCA
// with a local key") or by PCA (docs/design/flows.md, "PCA with a key made by PCA").
//
// Issuing is not idempotent, so every issuance begins with a stored order (order.h): whatever
// happens to the call, the agent or the machine, the next attempt continues where this one stopped.
//
// Thread-safe for different certificates. Borrows the store and what the client borrows.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "cloud/api/pca.h"
#include "sources/pca/order.h"
#include "sources/source.h"
#include "store/store.h"

namespace ccm::sources {

class PcaSource final : public Source {
 public:
  PcaSource(cloud::PcaClient client, store::Store& store)
      : client_(std::move(client)), store_(store) {}

  // Issues when due, or when the installed one was revoked or came from another issuer or source;
  // otherwise only asks whether it was revoked. Throughout, spec.source is a config::PcaSource.
  Result<Outcome> obtain(const ObtainRequest& request) override;
  Result<bool> must_go(const ObtainRequest& request) override;
  Result<void> installed(const ObtainRequest& request) override;
  Result<void> refused(const ObtainRequest& request) override;

 private:
  // Returns an order whose certificate id is known.
  Result<Order> issued_order(const ObtainRequest& request, bool current_must_go);
  Result<std::optional<Order>> unfinished_order(const ObtainRequest& request);
  Result<Order> begin_order(const ObtainRequest& request);
  // The id of a certificate that PCA issued for an earlier attempt that got no answer; empty when
  // there is none.
  Result<std::string> find_issued(const ObtainRequest& request, const Order& order);
  Result<bool> fulfils(const std::string& id, const ObtainRequest& request, const Order& order);
  Result<void> check_authority(const ObtainRequest& request, bool current_must_go);
  Result<std::string> issue(const ObtainRequest& request, const Order& order);
  Result<crypto::Bundle> collect(const ObtainRequest& request, const Order& order);
  Result<bool> is_lost(const std::string& id);
  // Drops the order, so that the next attempt makes a new one.
  Failure give_up(const ObtainRequest& request, Error error);

  cloud::PcaClient client_;
  store::Store& store_;
};

}  // namespace ccm::sources
