// SPDX-License-Identifier: Apache-2.0
// A session on a scripted network, with an access key unless told otherwise.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "cloud/identity/lockout.h"
#include "cloud/identity/session.h"
#include "support/fake_clock.h"
#include "support/scripted_http.h"

namespace ccm::cloud {

inline Credentials key_credentials(std::string domain_id = "", std::string project_id = "") {
  return {.identity = AccessKey{.id = "AKID",
                                .secret = Secret::copy_of("SKEY"),
                                .security_token = {},
                                .expires_at = std::nullopt},
          .domain_id = std::move(domain_id),
          .project_id = std::move(project_id),
          .iam_endpoint = {}};
}

inline Credentials login_credentials() {
  return {
      .identity =
          PasswordLogin{
              .user = "user", .password = Secret::copy_of("pass"), .domain = "acct", .project = {}},
      .domain_id = {},
      .project_id = {},
      .iam_endpoint = {}};
}

struct SessionFixture {
  explicit SessionFixture(Credentials credentials = key_credentials())
      : provider(make_fixed_provider(std::move(credentials))) {}

  test::FakeClock clock;
  test::ScriptedHttp http;
  MemoryLockoutGuard lockout;
  std::unique_ptr<CredentialsProvider> provider;
  Session session{{.http = http,
                   .credentials = *provider,
                   .lockout = lockout,
                   .clock = clock,
                   .iam_endpoint = "https://iam.example.com"}};
};

}  // namespace ccm::cloud
