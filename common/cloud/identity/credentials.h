// SPDX-License-Identifier: Apache-2.0
// The credentials for the cloud, and their sources (docs/design/auth.md). Lives in the agent and in
// ccmctl only; never in a server's worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "cloud/transport/http_client.h"

namespace ccm::cloud {

// A permanent or temporary access key (docs/design/auth.md, "Access keys").
struct AccessKey {
  std::string id;                  // AK; an identifier, may be logged
  Secret secret;                   // SK
  Secret security_token;           // empty for a permanent key
  std::optional<Time> expires_at;  // set for a temporary key

  AccessKey clone() const;
};

// An IAM user who signs in for a token (docs/design/auth.md, "Token login").
struct PasswordLogin {
  std::string user;
  Secret password;
  std::string domain;   // account name
  std::string project;  // project (region) name for the token's scope; empty: account scope
};

struct Credentials {
  std::variant<AccessKey, PasswordLogin> identity;
  // Scope of AK/SK calls, of which one is sent at most: X-Domain-Id when known, else X-Project-Id
  // when known (docs/design/signing.md, "Account and project headers").
  std::string domain_id;
  std::string project_id;
  std::string iam_endpoint;  // from the profile; empty: the configured one

  // A short text that changes when the identity changes, and reveals nothing of it. The lock-out
  // guard's key.
  std::string fingerprint() const;
};

// `invalid` unless id and secret are there, and the id and token can be in a header; `source`
// begins the sentence.
Result<void> check_access_key(const AccessKey& key, std::string_view source);

// Gives the credentials that are valid now, refreshing temporary ones in time. Thread-safe.
class CredentialsProvider {
 public:
  CredentialsProvider() = default;
  CredentialsProvider(const CredentialsProvider&) = delete;
  CredentialsProvider& operator=(const CredentialsProvider&) = delete;
  virtual ~CredentialsProvider() = default;

  // Shared and immutable; valid for this request. `rejected` when there are none.
  virtual Result<std::shared_ptr<const Credentials>> current() = 0;
};

// The vendor's profile format: INI, section [global] or [basic] (or `profile` when not empty), keys
// ak, sk, security_token, domain_id, project_id, iam_endpoint; "%%" is a percent sign
// (configparser). For token login: username, password, domain_name, project_name. `file` only names
// the source in error sentences. Every failure is `invalid` and quotes no value.
Result<Credentials> parse_profile(const Secret& text, const std::string& profile,
                                  const std::string& file);
// HUAWEICLOUD_SDK_AK and friends; for command-line use only. Every failure is `invalid`.
Result<Credentials> credentials_from_environment();

// Fixed credentials, for profile and environment.
std::unique_ptr<CredentialsProvider> make_fixed_provider(Credentials credentials);
// The ECS metadata service at `endpoint` ("http://169.254.169.254"): agency keys, refreshed when
// less than min(40 minutes, a quarter of their lifetime) is left. Borrows `http` and `clock`.
std::unique_ptr<CredentialsProvider> make_ecs_provider(HttpClient& http, const Clock& clock,
                                                       std::string endpoint);

}  // namespace ccm::cloud
