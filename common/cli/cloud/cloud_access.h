// SPDX-License-Identifier: Apache-2.0
// ccmctl's access to the cloud: makes credentials, endpoints and a session from the options or,
// where they say nothing, from the settings of this host's servers. Made with the first call. One
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/input/options.h"
#include "cloud/api/catalogue.h"
#include "cloud/api/request_builder.h"
#include "cloud/identity/lockout.h"
#include "cloud/identity/session.h"
#include "cloud/reply/json.h"
#include "cloud/transport/proxy_login.h"
#include "config/config.h"

namespace ccm::cli {

// The answer of a service. A preview (--dry-run) was only shown, so its answer is empty.
struct Answer {
  bool is_preview = false;
  int status = 0;
  cloud::Headers headers;
  Secret body;
  std::optional<cloud::JsonDocument> document;  // nullopt: empty, or not JSON

  // nullptr when there is none of that name.
  const std::string* find_header(std::string_view name) const noexcept;
  cloud::JsonView root() const { return document ? document->root() : cloud::JsonView(); }
};

// Arguments of a call in words.
using Words = std::vector<std::pair<std::string, std::string>>;
cloud::Arguments to_arguments(const Words& words);

// The option's value, or without one the settings' value.
inline std::string choose(const std::string& option, const std::string& effective) {
  return option.empty() ? effective : option;
}

// From --proxy-file or, for the proxy in the settings, from the file that they name; nullptr when
// there is none.
Result<cloud::SharedProxyLogin> read_proxy_login(const GlobalOptions& options,
                                                 const config::GlobalConfig& known);

class CloudAccess {
 public:
  // `effective`: of this host's server; nullptr when there is none. `invalid` or `rejected` when
  // there are no usable credentials.
  static Result<std::unique_ptr<CloudAccess>> open(const GlobalOptions& options,
                                                   const config::GlobalConfig* effective,
                                                   const Clock& clock);

  // Checks the arguments, then sends the request, or prints it for a preview. Looks up a project id
  // that the path needs and the arguments lack.
  Result<Answer> call(const cloud::Operation& operation, cloud::Arguments arguments);
  // `operation` must be a name of the catalogue.
  Result<Answer> call(std::string_view operation, const Words& words);

  // `invalid`, with the option that would name the endpoint, when the region has no such service.
  Result<std::string> endpoint_of(cloud::Service service) const;
  const cloud::Endpoints& endpoints() const noexcept { return endpoints_; }
  cloud::Session& session() noexcept { return *session_; }
  cloud::HttpClient& http() noexcept { return *http_; }
  cloud::CredentialsProvider& credentials() noexcept { return *provider_; }
  // Empty when neither an option nor the settings name a region.
  const std::string& region() const noexcept { return region_; }
  // "file /root/cred, section [global]", "the environment", "the ECS metadata service".
  const std::string& credentials_source() const noexcept { return source_; }

 private:
  CloudAccess() = default;

  Result<void> choose_credentials(const GlobalOptions& options,
                                  const config::GlobalConfig* effective, const Clock& clock);
  Result<void> use_file(const std::string& path, const std::string& profile);
  Result<void> use_environment();
  void use_ecs(const std::string& endpoint, const Clock& clock);
  Result<std::string> project_id();
  Result<void> show(const cloud::Operation& operation, const cloud::ApiRequest& request);

  bool is_dry_run_ = false;
  std::string region_;
  std::string source_;
  cloud::Endpoints endpoints_;
  std::string project_id_;
  std::unique_ptr<cloud::HttpClient> http_;
  std::unique_ptr<cloud::CredentialsProvider> provider_;
  cloud::MemoryLockoutGuard lockout_;
  std::unique_ptr<cloud::Session> session_;
};

}  // namespace ccm::cli
