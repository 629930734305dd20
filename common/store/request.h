// SPDX-License-Identifier: Apache-2.0
// What an operator asks of the store's leader while it runs: renew a certificate now, go back to an
// older version, take one that was brought along, or forget one. One file per request at the top of
// the state directory, "request-ID-NAME", because the leader watches that directory. The file of an
// import holds a private key: like every file of the store it is its owner's only and appears as a
// whole, and it is gone before the import begins. (What a disk keeps of a removed file is the
// disk's; the key is to stay in the store anyway.)
//
// Left by ccmctl, in the name of the store's owner; served and removed by the leader
// (request_desk.h), which leaves an answer with the same id (answer.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/bundle.h"
#include "store/store.h"

namespace ccm::store {

enum class Wish : std::uint8_t { renew, roll_back, install, forget };

struct Request {
  Wish wish = Wish::renew;
  std::string name;
  VersionNumber version = 0;  // to go back to
  // To install: as they came, with the root when it came along (crypto/bundle.h).
  std::vector<crypto::Certificate> certificates = {};
  std::optional<crypto::KeyPair> key = {};
  Keep keep = Keep::nothing;  // when it is forgotten
};

// Where a request lies.
struct RequestFile {
  std::string id;  // 16 hexadecimal digits, different for every request
  std::string name;
};

// The new request's id, which its answer bears. Earlier requests stay.
Result<std::string> leave_request(const std::string& state_path, const Request& request);
// Takes a request back that nobody serves; fine when it is gone.
void withdraw_request(const std::string& state_path, const RequestFile& file) noexcept;
// Whether the leader has yet to turn to it.
bool is_waiting(const std::string& state_path, const RequestFile& file);
// All that wait, the oldest first.
Result<std::vector<RequestFile>> list_requests(const std::string& state_path);
Result<Request> read_request(const std::string& state_path, const RequestFile& file);

// The leader's own note that a renewal was asked for and is not done yet (request_desk.h): this and
// the name.
inline constexpr std::string_view kGranted = "granted-";
std::string granted_path(const std::string& state_path, std::string_view name);

}  // namespace ccm::store
