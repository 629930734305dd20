// SPDX-License-Identifier: Apache-2.0
// The agent's credentials and other secrets for the cloud: read while it is root, used when it
// leads.
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
#include "cloud/transport/endpoints.h"
#include "cloud/transport/http_client.h"
#include "cloud/transport/proxy_login.h"
#include "cloud/transport/reach.h"
#include "config/config.h"
#include "store/store.h"

namespace ccm::agent {

// As they were read; nullopt: from the ECS metadata service. An error names the file.
using ReadCredentials = Result<std::optional<cloud::Credentials>>;

// What has to be read before the agent gives up root. If something cannot be used, its error stays
// here and is the result of each call that needs it.
struct CloudAccess {
  ReadCredentials credentials = {};
  Result<std::optional<std::string>> ca_pem = {};    // nullopt: the system's store
  Result<cloud::SharedProxyLogin> proxy_login = {};  // nullptr: the proxy wants none
  // Credentials of single sources that have their own (config::SourceFacts).
  std::map<config::CredentialsSpec, ReadCredentials> further = {};

  // Whether calls can be made at all. Single sources may still lack their own credentials.
  bool can_call() const noexcept { return credentials && ca_pem && proxy_login; }
  // Everything that cannot be used, in one sentence; nullopt: all can be used.
  std::optional<Error> trouble() const;
};
// A credentials file that others may read is used with a warning.
CloudAccess read_cloud_access(const config::Config& config, Log& log);

// The endpoints that the settings or the credentials name; for the rest, those of the region.
cloud::Endpoints endpoints_of(const config::GlobalConfig& global,
                              const ReadCredentials& credentials);

// From the ECS metadata service when there are no credentials; credentials that could not be read
// are `rejected` at each call.
std::unique_ptr<cloud::CredentialsProvider> make_provider(ReadCredentials credentials,
                                                          cloud::HttpClient& http,
                                                          const Clock& clock,
                                                          const std::string& metadata);

// A client for the cloud, or for OCSP responders, with a limit on the answer's size. When no client
// can be made of what was read, each call is `rejected` with the reason.
std::unique_ptr<cloud::HttpClient> make_cloud_client(const CloudAccess& access,
                                                     const std::string& proxy);
std::unique_ptr<cloud::HttpClient> make_responder_client(const CloudAccess& access,
                                                         const std::string& proxy,
                                                         cloud::Reach reach);
// Responders are asked on this host only if the configured cloud endpoints are on this host, too,
// because then its certificates name such responders.
cloud::Reach reach_of_responders(const cloud::Endpoints& endpoints);

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
  void add(const Parts& parts, const config::CredentialsSpec& spec, ReadCredentials credentials);

  std::map<config::CredentialsSpec, Identity> sessions_;
};

}  // namespace ccm::agent
