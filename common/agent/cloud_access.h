// SPDX-License-Identifier: Apache-2.0
// With what the agent goes to the cloud: read while it is root, used when it leads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "cloud/identity/credentials.h"
#include "cloud/identity/session.h"
#include "cloud/transport/proxy_login.h"
#include "config/config.h"
#include "store/store.h"

namespace ccm::agent {

// What has to be read before the agent gives up root.
struct CloudAccess {
  std::optional<cloud::Credentials> credentials;  // nullopt: from the ECS metadata service
  std::string ca_pem;                             // empty: the system's store
  cloud::SharedProxyLogin proxy_login = {};       // nullptr: the proxy wants none
  // Those that single sources use instead (config::SourceFacts); nullopt as above.
  std::map<config::CredentialsSpec, std::optional<cloud::Credentials>> further = {};
};
// `invalid`/`rejected` with the file in the sentence. A credentials file that others may read is
// used with a warning.
Result<CloudAccess> read_cloud_access(const config::Config& config, Log& log);

// From the ECS metadata service when there are no credentials.
std::unique_ptr<cloud::CredentialsProvider> make_provider(
    std::optional<cloud::Credentials> credentials, cloud::HttpClient& http, const Clock& clock,
    const std::string& metadata);

// One conversation with the cloud for each of the further credentials. Borrows what it is made of;
// thread-safe as sessions are.
class FurtherSessions {
 public:
  struct Parts {
    const config::GlobalConfig& global;
    store::Store& store;
    const store::Lease& lease;
    const Clock& clock;
    cloud::HttpClient& http;
    std::string iam_endpoint;
  };
  // Takes the further credentials out of `access`.
  FurtherSessions(const Parts& parts, CloudAccess& access);

  // nullptr for those that nobody read while this agent was root.
  cloud::Session* of(const config::CredentialsSpec& spec) const;

 private:
  struct Identity {
    std::unique_ptr<cloud::CredentialsProvider> provider;
    std::unique_ptr<cloud::LockoutGuard> guard;
    std::unique_ptr<cloud::Session> session;
  };
  void add(const Parts& parts, const config::CredentialsSpec& spec,
           std::optional<cloud::Credentials> credentials);

  std::map<config::CredentialsSpec, Identity> sessions_;
};

}  // namespace ccm::agent
