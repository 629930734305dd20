// SPDX-License-Identifier: Apache-2.0
// Places the proofs of an order where the authority looks for them, and removes them again. Files
// go through the store to the workers of every server (store/proof_record.h). DNS records are
// placed as the settings say: by SCM itself, in zones of Huawei Cloud DNS (zone_proofs.h), or by a
// hook.
//
// One thread for an order at a time. Borrows its parts; belongs to ScmOrders.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/event.h"
#include "base/log.h"
#include "base/result.h"
#include "cloud/proof/look_for_record.h"
#include "sources/scm/scm_order.h"
#include "sources/scm/zone_proofs.h"
#include "sources/source.h"
#include "store/store.h"

namespace ccm::sources {

bool is_file_proof(const cloud::ScmProof& proof) noexcept;
// "the file http://www.example.com/.well-known/…" or "the TXT record _dnsauth.example.com".
std::string describe_proof(const cloud::ScmProof& proof);

// How to look where an authority would look.
struct ProofLook {
  std::function<Result<void>(const std::string& domain, const std::string& file,
                             const std::string& value)>
      file = {};
  std::function<Result<void>(const std::string& name, cloud::ProofRecord type,
                             const std::string& value)>
      record = {};

  // Looks from this host.
  static ProofLook real();
};

class ScmProofs {
 public:
  struct Parts {
    store::Store& store;
    Events& events;
    Log& log;
    ProofLook look;
    ZonesOf zones_of;
  };
  explicit ScmProofs(Parts parts) : parts_(std::move(parts)), zones_(parts_.log, parts_.zones_of) {}

  // Replaces the order's proofs by those that SCM asks for. An error when one of them cannot be
  // placed now; the next call continues. `pending` when another order of this store has its value
  // in the same DNS record, because an authority might accept neither. Changes `order.placed`, and
  // stores the order before it places anything that has to be removed again.
  Result<void> place(const ObtainRequest& request, ScmOrder& order,
                     const std::vector<cloud::ScmProof>& wanted);
  // One sentence about what an authority would not find; empty when everything is visible from this
  // host. Adds removed records in our zones again.
  std::string missing(const ObtainRequest& request, const ScmOrder& order) const;
  // Removes all proofs of the order.
  Result<void> remove(const ObtainRequest& request, ScmOrder& order);

 private:
  // Stores what is about to be placed, unless another order has a value in the same record.
  Result<void> claim(const ObtainRequest& request, ScmOrder& order,
                     const std::vector<cloud::ScmProof>& wanted);
  Result<void> place_files(const ObtainRequest& request,
                           const std::vector<cloud::ScmProof>& wanted);
  // `pending`, with what is there instead, when the proof is not visible; another error when the
  // look itself failed.
  Result<void> look_at(const cloud::ScmProof& proof) const;
  Result<void> set_up(const ObtainRequest& request, const ScmOrder& order,
                      const cloud::ScmProof& proof);
  Result<void> tear_down(const ObtainRequest& request, const ScmOrder& order,
                         const cloud::ScmProof& proof);

  Parts parts_;
  ZoneProofs zones_;
  std::mutex claims_;  // one order at a time claims its records
};

}  // namespace ccm::sources
