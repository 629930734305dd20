// SPDX-License-Identifier: Apache-2.0
// Who sends a request: AK/SK signatures and tokens, checked in the order of the public gateway.
// Used under World's lock.
#pragma once

#include <set>
#include <string>

#include "iam/accounts.h"
#include "service/message.h"

namespace emulator {

struct Caller {
  std::string domain_id;
  std::string access_key;  // empty when a token was used
};

class Authentication {
 public:
  Authentication(Accounts& accounts, const EmulatorClock& clock, const Options& options)
      : accounts_(accounts), clock_(clock), options_(options) {}

  // Throws Refusal with the gateway's code.
  Caller check(const Request& request);

 private:
  Caller check_signature(const Request& request, const std::string& header);
  Caller check_token(const std::string& token) const;
  void check_key(const json& key) const;
  std::string checked_date(const Request& request) const;
  void check_security_token(const json& key, const Request& request);
  void refuse_replay(const std::string& signature);

  Accounts& accounts_;
  const EmulatorClock& clock_;
  const Options& options_;
  std::set<std::string> seen_signatures_;  // only with the option refuse_replays
};

}  // namespace emulator
