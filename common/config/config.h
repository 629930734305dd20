// SPDX-License-Identifier: Apache-2.0
// The checked configuration: everything the engine and a server module need to know, with every
// rule already applied. Made only by `Settings::finalize` (settings.h), so holding one is proof
// that it is sound. Immutable; any thread, any process. Holds no secret: credentials appear as a
// path.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "config/duration.h"
#include "crypto/key_type.h"

namespace ccm::config {

// Where the operator wrote something, for the sentence about it.
struct Origin {
  std::string file;
  unsigned line = 0;
};

// What a certificate counts that somebody uploaded to SCM instead of having it issued there.
enum class Uploads : std::uint8_t {
  fallback,  // where SCM has issued nothing of use for the names
  off,       // nothing, unless its id is configured
  on,        // as much as an issued one: what ends last is taken
};

// Which authorities' certificates are taken from SCM.
enum class TrustPolicy : std::uint8_t {
  keep,    // whatever authority's, but none that this system does not trust in the place of one
           // that it trusts
  system,  // those whose chain ends at a root that this system trusts
  any,     // whatever authority's
  file,    // those whose chain ends at a certificate of a given file
};

struct ScmSource {
  std::string certificate_id;  // empty: the best certificate that covers the names
  Uploads uploads = Uploads::fallback;
  // Who must have issued it: common names or organisations of issuers. Empty: anybody.
  std::vector<std::string> issuers = {};
  // nullopt: not given; trust_policy() says what is meant then.
  std::optional<TrustPolicy> trust = {};
  std::string trust_file = {};  // PEM, of TrustPolicy::file

  // Whoever lets every upload in has said that the authority does not matter.
  TrustPolicy trust_policy() const noexcept {
    return trust.value_or(uploads == Uploads::on ? TrustPolicy::any : TrustPolicy::keep);
  }
  friend bool operator==(const ScmSource&, const ScmSource&) = default;
};

enum class KeyOrigin : std::uint8_t {
  local,  // made on this machine and never leaves it
  cloud,  // made by PCA and exported once
};

struct PcaSource {
  std::string issuer_id;
  KeyOrigin key_origin = KeyOrigin::local;
  Seconds validity{};
  friend bool operator==(const PcaSource&, const PcaSource&) = default;
};

using SourceSpec = std::variant<ScmSource, PcaSource>;

// One certificate to be kept valid.
struct CertificateSpec {
  std::string name;                // [A-Za-z0-9._-]{1,128}; directory and slot name
  std::vector<std::string> names;  // canonical server names (crypto/names.h), first = common name
  SourceSpec source;
  // PCA: the key to make. SCM: only certificates of this type are chosen; nullopt: any.
  std::optional<crypto::KeyType> key;
  RenewalWindow renew_before;
  Seconds check_interval{};  // how often the cloud is asked whether something changed
  unsigned keep = 0;         // previous versions kept, besides the current one
  bool fallback = true;      // show a placeholder before the first certificate
  bool stapling = true;      // ask the certificate's OCSP responder and staple what it says
  // What its jitter depends on: the name, and the host once it is known.
  std::string jitter_seed = {};
  Origin origin;

  // Changes when anything changes that makes a refused or failed attempt worth repeating.
  std::string fingerprint() const;
};

struct CredentialsFile {
  std::string path;
  std::string profile;  // section; empty: [global], else [basic]
};
struct CredentialsEcs {};
using CredentialsSpec = std::variant<CredentialsFile, CredentialsEcs>;

struct GlobalConfig {
  std::string state_path;
  std::string user;  // empty: not given
  CredentialsSpec credentials;
  std::string region;
  std::string scm_endpoint;  // the three: explicit, or empty
  std::string pca_endpoint;
  std::string iam_endpoint;
  std::string metadata_endpoint;    // default http://169.254.169.254
  std::string proxy;                // empty: none
  std::string proxy_credentials;    // path of a file with "user:password"; empty: none are needed
  std::string trusted_certificate;  // PEM file; empty: the system's store
  unsigned concurrent_renewals = 0;
  std::string agent_path;  // empty: beside the module
};

class Config {
 public:
  const GlobalConfig& global() const noexcept { return global_; }
  // Sorted by name, unique.
  const std::vector<CertificateSpec>& certificates() const noexcept { return certificates_; }
  // This configuration with the certificates of another one whose names are not taken here: for an
  // agent that looks after those of several servers.
  Config joined_by(const Config& other) const;
  // This configuration on one host of many, so that hosts with the same certificates do not renew
  // in step. `host`: any text that stays the same there.
  Config on_host(std::string_view host) const;
  // Paths of the files that decide which authorities' certificates are taken, each once.
  std::vector<std::string> trust_files() const;
  // nullptr when there is none of that name.
  const CertificateSpec* find(std::string_view name) const noexcept;

 private:
  friend class Settings;
  Config() = default;

  GlobalConfig global_;
  std::vector<CertificateSpec> certificates_;
};

}  // namespace ccm::config
