// SPDX-License-Identifier: Apache-2.0
// What a command works with: options, terminal, clock, the settings of this host's servers, the
// cloud. Expensive members are made on first use. One per process, one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/cloud/cloud_access.h"
#include "cli/input/options.h"
#include "cli/output/exit_code.h"
#include "cli/output/terminal.h"
#include "fleet/access/fleet_access.h"
#include "store/host/effective_settings.h"
#include "store/store_reader.h"

namespace ccm::cli {

struct UnreadableSettings {
  store::ServerId server;
  Error problem;
};

class Workspace {
 public:
  GlobalOptions options;
  Terminal terminal;  // made anew when the options are known
  // What leads to the fleet, since it was first needed: who became the store's owner may not read
  // it again.
  std::optional<fleet::FleetAccess> fleet_access;

  const Clock& clock() const noexcept { return clock_; }
  // Of the chosen servers; empty when none has left any. `invalid` when there are none of the kind
  // that --server names.
  Result<const std::vector<store::EffectiveSettings>*> settings();
  // Whether no server of this host names the certificate, chosen or not. False when some settings
  // cannot be read.
  Result<bool> has_left(const std::string& name);
  // Whether a server of this host, chosen or not, shows everything in the store.
  bool has_catalogue();
  // The store in the state directory, as this process sees it on the first call.
  const store::StoreReader& store();
  // The servers of this host whose settings cannot be read, chosen or not.
  const std::vector<UnreadableSettings>& unreadable_settings();
  // Makes the state directory the current one, so that a later change of the user does not matter.
  // `rejected` when it cannot be entered.
  Result<void> enter_state_directory();
  // A command has made it the current one by itself.
  void has_entered(const std::string& state_directory) { entered_ = state_directory; }
  // For people: whoever works in the state directory names its files "./…", which says little.
  std::string sentence_of(const Error& error) const;
  // The next call of settings() reads them again.
  void forget_settings() noexcept { settings_.reset(); }
  // The settings that say how to reach the cloud; nullptr when there are none, `rejected` when none
  // can be trusted.
  Result<const config::GlobalConfig*> global();
  // nullptr when no server of this host has a certificate of that name.
  Result<const config::CertificateSpec*> find_spec(std::string_view name);
  Result<CloudAccess*> cloud();
  // With further credentials of the settings. Credentials from the options take precedence here as
  // well.
  Result<std::unique_ptr<CloudAccess>> cloud_with(const config::CredentialsSpec& credentials);

 private:
  std::vector<UnreadableSettings> find_unreadable_besides(
      const std::vector<store::EffectiveSettings>& read) const;

  SystemClock clock_;
  std::optional<std::vector<store::EffectiveSettings>> settings_;
  // With settings_, of all servers.
  std::set<std::string> named_;
  std::vector<UnreadableSettings> unreadable_;
  std::unique_ptr<const store::StoreReader> store_;
  std::unique_ptr<CloudAccess> cloud_;
  std::string entered_;  // the state directory, once this process works in it
  // With settings_, of all servers.
  bool has_catalogue_ = false;
};

// What a command does once the whole command line is understood.
using Action = std::function<Result<ExitCode>(Workspace&)>;

}  // namespace ccm::cli
