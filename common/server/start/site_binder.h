// SPDX-License-Identifier: Apache-2.0
// Which virtual host shows which certificates. A server module says what is written where in its
// server's configuration; the rules are here, the same for nginx and httpd:
//
//   * A virtual host shows what its own `ccm_certificate` (CCMCertificate) lines name.
//   * Without any, it shows what those of the level around it name, if its clients are shown a
//     certificate at all and it has no certificate files of its own. In the short form each such
//     virtual host has a certificate for its own names; one without a name that a certificate can
//     carry refuses handshakes.
//   * `ccm_certificate catalogue=NAME` shows what the catalogue has for the name that a client asks
//     for. What else the virtual host has, other `ccm_certificate` lines or certificate files, is
//     for names that the catalogue lacks.
//   * Otherwise `ccm_certificate` and certificate files in the same place exclude each other. A
//     virtual host's own line of either kind overrides the other kind around it.
//   * Directives of other modules that decide about a handshake's certificate exclude it as well;
//     those that have no effect on it are mentioned once. One of the virtual host's own hides those
//     of the same name around it.
//
// An error is `invalid`, and its sentence ends in the place. What is only doubtful becomes a
// warning of the deployment (Deployment::doubt). One per configuration, used while it is read or
// judged, by one thread.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "server/deployment.h"

namespace ccm::server {

// A directive of another module that was written beside ours.
struct OtherDirective {
  enum class Effect : std::uint8_t {
    none,         // has nothing to do with our certificates, as it was written
    excludes,     // decides about the certificate of a handshake itself
    idle,         // has no effect on our certificates
    ticket_keys,  // gives session tickets keys of its own
    no_tickets,   // forbids them
  };

  std::string name;  // one of these hides another of the same name
  std::string text;  // as a sentence shows it
  Effect effect = Effect::none;
  std::string
      remark;  // `excludes`: another way out than to remove it; `idle`: what happens instead
  config::Origin origin;
};

// What is written in one place, without what is inherited: in a virtual host, or on the level
// around all virtual hosts.
struct Level {
  std::vector<CertificateUse> uses;
  std::vector<OtherDirective> others;
  bool has_files = false;  // certificate files, or their keys
};

struct VirtualHost {
  const Level& outer;
  const Level& own;
  std::vector<std::string> names;  // as written in the server's syntax
  config::Origin origin;           // of the virtual host
  // Why its clients are shown no certificate, as a clause after "because"; empty: they are shown
  // one.
  std::string unseen = {};
};

class SiteBinder {
 public:
  // The deployment must outlive the object.
  explicit SiteBinder(Deployment& deployment) : deployment_(deployment) {}

  // The site of a virtual host; nullptr when it needs none.
  Result<CertificateSet*> bind(const VirtualHost& host);
  // Whether the level makes sense by itself; bind() checks both levels.
  Result<void> check(const Level& level) const;

  // The first line that some virtual host uses.
  const std::optional<config::Origin>& first_use() const noexcept { return first_use_; }

 private:
  // What a virtual host asks for: certificates, and a catalogue unless the name is empty.
  struct Asked {
    std::vector<std::string> certificates;
    std::string catalogue;
  };
  Result<Asked> certificates_of(const VirtualHost& host, std::span<const CertificateUse> uses);
  Result<void> take_catalogue(Asked& asked, std::string name, const config::Origin& place) const;
  // Adds warnings about a site that is going to be made.
  void judge_site(const VirtualHost& host, const Asked& asked, const config::Origin& place);
  Result<void> judge_others(const VirtualHost& host);
  void mention(const OtherDirective& idle);
  // Notes the virtual host's directives about tickets, for the time when it is known whether
  // servers share ticket keys.
  void note_tickets(const VirtualHost& host);

  Deployment& deployment_;
  std::optional<config::Origin> first_use_;
  std::set<std::string> mentioned_;  // directives without effect
};

}  // namespace ccm::server
