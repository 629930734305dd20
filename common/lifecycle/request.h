// What an operator asks of the store's leader while it runs: renew a certificate now, go back to an
// older version, or take one that was brought along. One file per certificate at the top of the
// state directory, "request-NAME", because the leader watches that directory; a second request
// replaces the first. The file of an import holds a private key: like every file of the store it is
// its owner's only and appears as a whole, and it is gone before the import begins. (What a disk
// keeps of a removed file is the disk's; the key is to stay in the store anyway.)
//
// A renewal that is under way is remembered in "granted-NAME", for an agent that ends in the middle
// of it (the server loads another configuration, the credentials change, a kill): the next one
// begins it once more, and only once.
//
// Left by ccmctl, in the name of the store's owner; served and removed by the leader.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "crypto/bundle.h"
#include "lifecycle/lifecycle.h"
#include "lifecycle/store.h"

namespace ccm::lifecycle {

enum class Wish : std::uint8_t { renew, roll_back, install };

struct Request {
  Wish wish = Wish::renew;
  std::string name;
  VersionNumber version = 0;  // to go back to
  // To install: as they came, with the root when it came along (crypto/bundle.h).
  std::vector<crypto::Certificate> certificates = {};
  std::optional<crypto::KeyPair> key = {};
};

Result<void> leave_request(const std::string& state_path, const Request& request);
// Takes a request back that nobody serves; fine when it is gone.
void withdraw_request(const std::string& state_path, const std::string& name) noexcept;
// Whether the leader has yet to serve it.
bool is_waiting(const std::string& state_path, const std::string& name);

// Serves what was left, but for certificates that are in work: those have their turn when the
// attempt has ended. What cannot be done is logged and gone.
class RequestDesk {
 public:
  struct Parts {
    std::string state_path;
    Store& store;
    const Lease& lease;
    Lifecycle& lifecycle;
    Log& log;
    const config::Config& config;
    const Clock& clock;
  };
  explicit RequestDesk(Parts parts) : parts_(std::move(parts)) {}

  // After Lifecycle::start: what an earlier agent did not get to the end of.
  void resume();
  void serve();

 private:
  void forget_finished();
  Result<void> serve(const Request& request);
  Result<void> renew(const Request& request);
  Result<void> roll_back(const Request& request);
  Result<void> install(const Request& request);

  Parts parts_;
  std::vector<std::string> granted_;  // renewals that are not finished
};

// Makes an older version current and holds on to it (hold.h): the engine does not replace it before
// its last tenth, or until somebody asks for a renewal. `rejected` when there is no such version.
Result<void> roll_back(Store& store, const Lease& lease, const std::string& name,
                       VersionNumber version);

}  // namespace ccm::lifecycle
