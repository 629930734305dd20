// SPDX-License-Identifier: Apache-2.0
// The checked configuration: everything the engine and a server module need to know, with every
// rule already applied. Only `Settings::finalize` makes one (settings.h), so every Config is valid.
// Immutable; any thread, any process. Holds no secret: credentials appear as a path.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "config/origin.h"
#include "config/source_spec.h"
#include "config/values/activation_window.h"
#include "config/values/canary.h"
#include "config/values/credentials.h"
#include "config/values/duration.h"
#include "crypto/key/key_type.h"

namespace ccm::config {

// One certificate to be kept valid.
struct CertificateSpec {
  std::string name;  // [A-Za-z0-9._-]{1,128}; directory and slot name
  std::vector<std::string>
      names;  // canonical server names (crypto/certificate/names.h), first = common name
  SourceSpec source;
  // The type of the key to make. If the source has certificates to choose from, the type of key
  // that they must have; nullopt: any.
  std::optional<crypto::KeyType> key;
  RenewalWindow renew_before;
  Seconds check_interval{};  // how often the cloud is asked whether something changed
  unsigned keep = 0;         // previous versions kept, besides the current one
  bool fallback = true;      // show a placeholder before the first certificate
  // When a new version may take the place of the one that is shown.
  ActivationWindow activation = {};
  // How a new version is tried out before, with a share of the handshakes.
  CanaryPlan canary = {};
  bool stapling = true;  // ask the certificate's OCSP responder and staple what it says
  // Its jitter depends on this: the name, and the host once it is known.
  std::string jitter_seed = {};
  Origin origin;

  // Changes when a setting changes that makes a refused or failed attempt worth repeating.
  std::string fingerprint() const;
};

// A program of the operator that is run at events (agent/hooks/).
struct Hook {
  std::vector<EventType> events;
  std::vector<std::string> command;  // the program's absolute path, then its arguments
  std::string user = {};             // the account it runs as; empty: not given
  Seconds timeout{};
  Origin origin = {};

  bool wants(EventType event) const noexcept;
};

// A tag in the cloud by which a catalogue selects certificates.
struct CatalogueTag {
  std::string key;
  std::string value;
  friend bool operator==(const CatalogueTag&, const CatalogueTag&) = default;
};

// Certificates that no virtual host names (catalogue.h).
struct CatalogueSpec {
  std::string name;  // by the rules for a certificate's name
  // The kind of source whose account it shows; nullptr: it shows everything in the store.
  const SourceKind* kind = nullptr;
  std::optional<CatalogueTag> tag = {};  // only certificates with this one
  Seconds check_interval{};              // how often the account is looked at
  Origin origin = {};

  // What it shows, in one line: "store", "scm", "scm tag=env:prod". Catalogues with the same
  // selection show the same certificates.
  std::string selection() const;
};

// Which keys seal the session tickets that a server gives its clients: the server's own, or keys
// that all servers of the store share (policy/ticket_keys.h).
enum class TicketKeys : std::uint8_t { own, fleet };

// The form of the agent's lines in the server's error log: the server's own, or JSON.
enum class LogFormat : std::uint8_t { text, json };

// The etcd through which the hosts of a fleet share their certificates, and this host's place in
// it.
struct FleetConfig {
  std::vector<std::string> endpoints;     // "https://host:port" of its members
  std::string name;                       // of the fleet
  std::string key_file;                   // this host's own key (fleet/access/host_key.h)
  std::string ca_file = {};               // PEM, authorities of etcd; empty: the system's
  std::string certificate_file = {};      // PEM, of this host, for etcd; empty: none
  std::string certificate_key_file = {};  // its private key
  std::string login_file = {};            // one line, "user:password"; empty: etcd wants none

  friend bool operator==(const FleetConfig&, const FleetConfig&) = default;
};

struct GlobalConfig {
  std::string state_path;
  std::string user;  // empty: not given
  CredentialsSpec credentials;
  std::string region;
  std::string scm_endpoint;  // these three: as given, or empty
  std::string pca_endpoint;
  std::string iam_endpoint;
  std::string metadata_endpoint;    // default http://169.254.169.254
  std::string proxy;                // empty: none
  std::string proxy_credentials;    // path of a file with "user:password"; empty: none are needed
  std::string trusted_certificate;  // PEM file; empty: the system's store
  unsigned concurrent_renewals = 0;
  std::string agent_path;  // empty: beside the module
  // "127.0.0.1:9290", "[::1]:9290": where `ccmctl agent` shows its status; empty: nowhere.
  std::string status_listen = {};
  TicketKeys ticket_keys = TicketKeys::own;
  std::vector<Hook> hooks;                // as they were written
  std::optional<FleetConfig> fleet = {};  // nullopt: the certificates are this host's alone
};

class Config {
 public:
  const GlobalConfig& global() const noexcept { return global_; }
  // Sorted by name, unique.
  const std::vector<CertificateSpec>& certificates() const noexcept { return certificates_; }
  // Sorted by name, unique.
  const std::vector<CatalogueSpec>& catalogues() const noexcept { return catalogues_; }
  // Whether there is anything to serve or to renew, so that an agent is needed.
  bool has_work() const noexcept { return !certificates_.empty() || !catalogues_.empty(); }
  // This configuration with certificates of another one whose names are free here, and with the
  // other one's catalogues that show something else: for an agent that looks after several servers.
  Config joined_by(const Config& other) const;
  // This configuration for an agent that also makes the ticket keys that servers share.
  Config sharing_ticket_keys() const;
  // This configuration on one of many hosts. The jitter differs from host to host, so that hosts
  // with the same certificates do not renew in step. `host`: any text that always stays the same
  // there.
  Config on_host(std::string_view host) const;
  // Paths of the files with the authorities that sources accept (trust=PATH), each once.
  std::vector<std::string> trust_files() const;
  // Credentials that sources use besides the global ones, each once.
  std::vector<CredentialsSpec> further_credentials() const;
  // nullptr when there is none of that name.
  const CertificateSpec* find(std::string_view name) const noexcept;

 private:
  friend class Settings;
  Config() = default;

  GlobalConfig global_;
  std::vector<CertificateSpec> certificates_;
  std::vector<CatalogueSpec> catalogues_;
};

}  // namespace ccm::config
