// SPDX-License-Identifier: Apache-2.0
// What an operator asks of the store's leader while it runs: renew a certificate now, go back to an
// older version, import a certificate, forget one, or run hooks. ccmctl leaves a request; the
// leader removes it, serves it, and leaves an answer with the same id (lifecycle/request_handler.h,
// answer.h). A request wakes everyone who watches the store.
//
// The request of an import holds a private key: only the store's owner can read it, it appears
// atomically, and it is removed before the import begins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/certificate/bundle.h"
#include "store/store_reader.h"

namespace ccm::store {

class Lease;

// run_hooks: runs the hooks of an event that has not happened.
enum class Wish : std::uint8_t { renew, roll_back, install, forget, run_hooks };

// What is kept of a certificate that is forgotten.
enum class Keep : bool { nothing, versions };

struct Request {
  Wish wish = Wish::renew;
  std::string name;
  VersionNumber version = 0;  // for roll_back
  // For install: as the operator gave them, with the root if it was among them
  // (crypto/certificate/bundle.h).
  std::vector<crypto::Certificate> certificates = {};
  std::optional<crypto::KeyPair> key = {};
  Keep keep = Keep::nothing;  // for forget
  std::string event = {};     // for run_hooks: the event
};

// Identifies a request.
struct Ticket {
  std::string id;  // 16 hexadecimal digits, different for every request
  std::string name;
};

// What becomes of a request that is withdrawn.
enum class Withdrawal : std::uint8_t {
  taken_back,     // nobody serves it
  gone,           // it was not there any more: a leader has taken it
  may_be_served,  // it could not be removed
};

class Inbox {
 public:
  Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  virtual ~Inbox() = default;

  // Returns the id of the new request; its answer has the same id. Earlier requests stay.
  virtual Result<std::string> leave(const Request& request) = 0;
  // Removes a request, to cancel it.
  virtual Withdrawal withdraw(const Ticket& ticket) noexcept = 0;
  // Removes a request, to serve it. On an error it must not be served: it is gone or was taken
  // before (`rejected`), or another leader may serve it. With it, the leader's note of a renewal is
  // kept (grant()), if there is one.
  virtual Result<void> take(const Lease& lease, const Ticket& ticket,
                            const std::optional<std::string>& note) = 0;
  // Whether the leader has not taken the request yet.
  virtual bool is_waiting(const Ticket& ticket) const = 0;
  // All waiting requests, the oldest first.
  virtual Result<std::vector<Ticket>> list() const = 0;
  // An error when the request is damaged, or comes from somebody who may not ask.
  virtual Result<Request> read(const Ticket& ticket) const = 0;

  // The leader's notes about renewals that were asked for and are not done yet: the certificates
  // that have a note, and the text of one. nullopt when there is none or it cannot be read.
  virtual std::vector<std::string> granted() const = 0;
  virtual std::optional<std::string> granted(const std::string& name) const = 0;
  virtual Result<void> grant(const std::string& name, std::string_view note) = 0;
  virtual void drop_granted(const std::string& name) noexcept = 0;
};

}  // namespace ccm::store
