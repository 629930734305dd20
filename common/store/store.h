// SPDX-License-Identifier: Apache-2.0
// Where certificates and the engine's own records live. An interface, because a fleet store will
// join the files: so every value has a version, writing is compare-and-swap, and the leader's lock
// hands out a fencing token that every write must show.
//
// Implementations are thread-safe; several processes may use one store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/bundle.h"
#include "policy/admission.h"
#include "store/inbox.h"
#include "store/store_reader.h"

namespace ccm::store {

// Leadership of a store, given up on destruction and by the kernel when the process dies.
class Lease {
 public:
  Lease() = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  virtual ~Lease() = default;
  // Grows with every new leader; a store refuses a write that shows an older one.
  virtual std::uint64_t fencing_token() const noexcept = 0;
};

// By the name of its Admission.
struct Installation {
  const crypto::Bundle& bundle;
  std::string origin;
  // What the decision was based on: current_version(), or the version that load() gave instead of a
  // damaged one (0 when there was none intact either).
  VersionNumber expected;
  unsigned keep;  // previous versions to keep
  Time now;
  // Of the bundle (DER), kept with it from the start; empty when there is none yet.
  std::span<const std::byte> ocsp_response = {};
  // Kept beside the current version and not made current; nothing is removed for it.
  bool waits = false;
};

// What a store says when the gate's word is about another certificate than the one it is given.
Failure refuse_admission(const policy::Admission& admission);

// Virtual: an implementation may have its read side from a reader of its own kind.
class Store : public virtual StoreReader {
 public:
  // Stores the bundle and makes it the current version, unless it waits. `transient` with nothing
  // changed when the current version is no longer `expected` or the lease is old; `internal` when
  // the gate has let in another one.
  virtual Result<VersionInfo> install(const Lease& lease, const policy::Admission& admission,
                                      const Installation& installation) = 0;
  // Makes an older version current again (as a pointer move, nothing is copied or deleted).
  virtual Result<void> restore(const Lease& lease, const policy::Admission& admission,
                               VersionNumber version) = 0;

  // Removes versions besides the current and the staged one until `keep` are left, the oldest
  // first, with their private keys; nothing while the current one is damaged. `transient` when the
  // lease is old.
  virtual Result<void> prune(const Lease& lease, const std::string& name, unsigned keep) = 0;

  // Keeps an OCSP response (DER) with an installed version, in the place of the one before; an
  // empty one only removes that. `transient` when the lease is old, `rejected` when there is no
  // such version.
  virtual Result<void> keep_response(const Lease& lease, const std::string& name,
                                     VersionNumber version, std::span<const std::byte> der) = 0;

  // Writes a record when the stored version is `expected` (0: must not exist); returns the new
  // version.
  virtual Result<std::uint64_t> write_record(const Lease& lease, std::string_view name,
                                             std::string_view kind, const Secret& value,
                                             std::uint64_t expected) = 0;
  // Removes whatever version there is; fine when absent.
  virtual Result<void> remove_record(const Lease& lease, std::string_view name,
                                     std::string_view kind) = 0;

  // Removes a certificate with its versions and their private keys; or its records only, which are
  // the engine's, and marks it as forgotten (forgetting.h). `rejected` when there is none of that
  // name, `transient` when the lease is old. Whether a server still wants it is the caller's to
  // ask.
  virtual Result<void> forget(const Lease& lease, const std::string& name, Keep keep) = 0;

  // Adds to the log of events, which keeps the last ones up to a bounded size. For every agent of
  // the store, leader or not. Is not waited for: a power cut may lose the last ones.
  virtual Result<void> append_event(const Event& event) = 0;

  // What operators ask of the leader. Lives as long as the store.
  virtual Inbox& inbox() noexcept = 0;

  // Keys the operator placed in the store for certificates whose key is not in the cloud.
  virtual Result<std::vector<crypto::KeyPair>> operator_keys() const = 0;

  // Leadership, when nobody else has it; nullptr when somebody has.
  virtual Result<std::unique_ptr<Lease>> try_lead() = 0;
};

}  // namespace ccm::store
