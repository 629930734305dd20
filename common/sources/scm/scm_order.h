// SPDX-License-Identifier: Apache-2.0
// An order: a certificate that is being issued at SCM, from before the application until the
// certificate is installed. It is stored before every call that changes something, so that neither
// a crash nor a lost answer leads to a second application: the next attempt finds the order with
// its key, and asks SCM for the result.
//
// Kept as the record "issue-order" of its certificate, which is written by ScmOrders only and read
// by ccmctl.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "cloud/api/scm.h"
#include "config/issue.h"
#include "crypto/key/key_pair.h"
#include "store/store.h"

namespace ccm::sources {

inline constexpr std::string_view kScmOrderKind = "issue-order";

enum class OrderStep : std::uint8_t {
  chosen,   // a paid certificate; nothing was sent
  sent,     // the application may have arrived
  applied,  // SCM has it
  stopped,  // a person has to act; `reason` says how
  closing,  // finished, except that the proof has to be removed
};
std::string_view to_string(OrderStep step) noexcept;

struct ScmOrder {
  OrderStep step = OrderStep::chosen;
  std::string certificate_id = {};
  std::vector<std::string> names = {};  // as applied for, the domain first
  // nullopt: SCM makes the key, or somebody else applied.
  std::optional<crypto::KeyPair> key = {};
  std::string csr = {};     // PEM; empty without a key
  std::string method = {};  // domain_method of the application
  bool is_ours = true;      // false: SCM itself or a person applied
  Time begun{};
  Time step_since{};
  std::string status = {};                     // as SCM said last
  std::string reason = {};                     // what the order waits for, or why it stopped
  std::string spec_fingerprint = {};           // of the settings it was made for
  std::vector<std::string> unfit = {};         // paid certificates that SCM refused for the names
  std::vector<cloud::ScmProof> placed = {};    // there, or about to be
  std::optional<config::DnsWay> dns_way = {};  // how records were placed
  bool is_set_up = false;                      // all proofs are there
  bool lacks_proof = false;                    // an authority would not find a proof
  bool is_late = false;                        // and that was logged
  std::uint64_t version = 0;                   // of the record; 0: not written yet

  // Goes on to another step.
  void enter(OrderStep next, Time now);
};

Result<Secret> serialize(const ScmOrder& order);
// `invalid` when it is not such a text; `version` stays 0.
Result<ScmOrder> parse_scm_order(const Secret& text);

// nullopt when there is none; `invalid` when it is damaged.
Result<std::optional<ScmOrder>> read_scm_order(const store::StoreReader& store,
                                               const std::string& name);
// Replaces the stored version that `order` was read from, and puts the new version into `order`.
Result<void> write_scm_order(store::Store& store, const store::Lease& lease,
                             const std::string& name, ScmOrder& order);
Result<void> remove_scm_order(store::Store& store, const store::Lease& lease,
                              const std::string& name);

}  // namespace ccm::sources
