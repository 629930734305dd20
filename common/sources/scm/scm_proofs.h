// SPDX-License-Identifier: Apache-2.0
// The proofs of an order, brought to where the authority looks for them, and taken away again:
// files through the store, from where the workers of every server get them (store/proof_record.h);
// DNS records as the settings say: by SCM itself, in zones of Huawei Cloud DNS (zone_proofs.h), or
// by a hook.
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

// Looks where an authority would.
struct ProofLook {
  std::function<Result<void>(const std::string& domain, const std::string& file,
                             const std::string& value)>
      file = {};
  std::function<Result<void>(const std::string& name, cloud::ProofRecord type,
                             const std::string& value)>
      record = {};

  // From this host.
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

  // What SCM asks for takes the place of what is there. An error when one of them cannot be placed
  // now; the next call goes on with it. `pending` when another order of this store has its value
  // in the same DNS record: an authority might accept neither. Changes `order.placed`, and writes
  // it down before anything is placed that has to be removed again.
  Result<void> place(const ObtainRequest& request, ScmOrder& order,
                     const std::vector<cloud::ScmProof>& wanted);
  // One sentence on what an authority would not find; empty when all is in place, as far as can be
  // told from here. Records in zones of ours that somebody removed are added again.
  std::string missing(const ObtainRequest& request, const ScmOrder& order) const;
  // Takes all of them away.
  Result<void> remove(const ObtainRequest& request, ScmOrder& order);

 private:
  // Writes down what is going to be placed, unless another order is in the way.
  Result<void> claim(const ObtainRequest& request, ScmOrder& order,
                     const std::vector<cloud::ScmProof>& wanted);
  Result<void> place_files(const ObtainRequest& request,
                           const std::vector<cloud::ScmProof>& wanted);
  // `pending` with what is there instead of it; another error when that could not be found out.
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
