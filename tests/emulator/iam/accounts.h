// SPDX-License-Identifier: Apache-2.0
// Accounts of the emulated cloud with their access keys and tokens. Owned by World, used under its
// lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "emulator_clock.h"
#include "options.h"
#include "store.h"

namespace emulator {

// Documents:
// clang-format off
//   account     {domain_id, domain_name, user_id, user_name, password, totp_secret,
//                projects: [{id, name}]}
//   access_key  {ak, sk, domain_id, enabled, failures, locked_until_ms, security_token, expires_ms}
//   token       {domain_id, issued_ms, expires_ms, scope}, by the SHA-256 of the token
// clang-format on
class Accounts {
 public:
  Accounts(Store& store, const EmulatorClock& clock, const Options& options)
      : store_(store), clock_(clock), options_(options) {}

  json create_account(const std::string& name);
  const json* account(const std::string& domain_id) const;
  const json* find_by_name(const std::string& domain_name) const;
  // The account created first.
  const json& demo() const;
  void set_demo(const std::string& domain_id);

  json create_key(const std::string& domain_id);
  json add_key(const std::string& domain_id, const std::string& ak, const std::string& sk);
  // A key of the server's agency: with a security token and an end.
  json create_temporary_key(const std::string& domain_id, std::int64_t lifetime_s);
  const json* key(const std::string& ak) const { return store_.find("access_key", ak); }
  json keys_of(const std::string& domain_id) const;
  // The permanent key in use, or nullptr when all are gone.
  const json* current_key(const std::string& domain_id) const;
  void change_key(const std::string& ak, const json& fields);
  void remove_key(const std::string& ak) { store_.remove("access_key", ak); }

  bool locked(const json& key) const;
  void count_failure(const std::string& ak);
  void count_success(const std::string& ak);

  std::string create_token(const std::string& domain_id, const json& scope);
  const json* token(const std::string& text) const;
  void expire_tokens();

 private:
  Store& store_;
  const EmulatorClock& clock_;
  const Options& options_;
};

}  // namespace emulator
