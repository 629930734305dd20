// SPDX-License-Identifier: Apache-2.0
// Where certificates and the engine's own records live. It is an interface for local files and for
// a store that many hosts share: so every value has a version, writing is compare-and-swap, and the
// leader's lease has a fencing token that every write must show.
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
#include "crypto/certificate/bundle.h"
#include "policy/admission.h"
#include "store/inbox.h"
#include "store/store_reader.h"

namespace ccm::store {

// Leadership of a store. It ends on destruction, or when the process dies.
class Lease {
 public:
  Lease() = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  virtual ~Lease() = default;
  // Grows with every new leader; a store refuses a write that shows an older one.
  virtual std::uint64_t fencing_token() const noexcept = 0;
  // False for ever once it is lost. Another process may lead then, so the holder must not begin
  // anything that costs; what it still writes is refused. Any thread.
  virtual bool is_held() const noexcept { return true; }
};

// What to store; the certificate's name is in the Admission.
struct Installation {
  const crypto::Bundle& bundle;
  std::string origin;
  // The version that the decision was based on: current_version(), or the version that load()
  // returned instead of a damaged one (0 when none was intact).
  VersionNumber expected;
  unsigned keep;  // previous versions to keep
  Time now;
  // The bundle's OCSP response (DER), stored with it; empty when there is none yet.
  std::span<const std::byte> ocsp_response = {};
  // Stored beside the current version and not made current. No older version is removed for it.
  bool waits = false;
};

// The error of a store when the admission is for another certificate than the given one.
Failure refuse_admission(const policy::Admission& admission);

// Virtual inheritance, because an implementation may inherit its read side from its own
// StoreReader.
class Store : public virtual StoreReader {
 public:
  // Begins the store's own work, if it has any, on a thread of its own. To be called once, by a
  // process that has given up all rights that it is going to give up.
  virtual void start() {}

  // Stores the bundle and makes it the current version, unless it waits. `transient` with nothing
  // changed when the current version is no longer `expected` or the lease is old; `internal` when
  // the gate has let in another one.
  virtual Result<VersionInfo> install(const Lease& lease, const policy::Admission& admission,
                                      const Installation& installation) = 0;
  // Makes an older version current again. Copies and deletes nothing.
  virtual Result<void> restore(const Lease& lease, const policy::Admission& admission,
                               VersionNumber version) = 0;

  // Removes the oldest versions with their private keys until `keep` are left beside the current
  // and the staged one. Removes nothing while the current one is damaged. `transient` when the
  // lease is old.
  virtual Result<void> prune(const Lease& lease, const std::string& name, unsigned keep) = 0;

  // Stores an OCSP response (DER) with an installed version and replaces the one before; an empty
  // one only removes that. `transient` when the lease is old, `rejected` when there is no such
  // version.
  virtual Result<void> keep_response(const Lease& lease, const std::string& name,
                                     VersionNumber version, std::span<const std::byte> der) = 0;

  // Writes a record when the stored version is `expected` (0: must not exist); returns the new
  // version, a greater one.
  virtual Result<std::uint64_t> write_record(const Lease& lease, std::string_view name,
                                             std::string_view kind, const Secret& value,
                                             std::uint64_t expected) = 0;
  // Removes a record of any version; succeeds when there is none.
  virtual Result<void> remove_record(const Lease& lease, std::string_view name,
                                     std::string_view kind) = 0;

  // Removes a certificate with its versions and their private keys, or removes only its records and
  // marks it as forgotten (forgetting.h). `rejected` when there is no certificate of that name,
  // `transient` when the lease is old. The caller checks first that no server wants it.
  virtual Result<void> forget(const Lease& lease, const std::string& name, Keep keep) = 0;

  // Appends to the log of events, whose size is bounded: the oldest events go. Every agent of the
  // store may call it, leader or not. Does not wait for the disk: a power cut may lose the last
  // events.
  virtual Result<void> append_event(const Event& event) = 0;

  // The requests of operators to the leader. Lives as long as the store.
  virtual Inbox& inbox() noexcept = 0;

  // Keys the operator placed in the store for certificates whose key is not in the cloud.
  virtual Result<std::vector<crypto::KeyPair>> operator_keys() const = 0;

  // Takes leadership; nullptr when somebody else has it.
  virtual Result<std::unique_ptr<Lease>> try_lead() = 0;
};

}  // namespace ccm::store
