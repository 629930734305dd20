// SPDX-License-Identifier: Apache-2.0
// What the operator wrote, as written, with file and line. A server module fills it from
// directives, the agent from the wire (wire.h). `finalize` then turns it into a Config and applies
// every default, inheritance and check. All rules are here; a module only passes words on.
//
// Built by one thread during configuration. Every error is `invalid` and one sentence: what, what
// was given, what would be right. The caller prefixes or suffixes file and line in its server's
// habit, except for errors of `finalize`, which carry "in FILE:LINE" themselves.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/dialect.h"
#include "config/raw_settings.h"

namespace ccm::config {

class Settings {
 public:
  Settings() = default;
  explicit Settings(Dialect dialect) : dialect_(std::move(dialect)) {}

  // The words of this server's users. The wire does not carry them.
  const Dialect& dialect() const noexcept { return dialect_; }

  // Sets a directive of the global block. `key` is the key of its row or, for an unknown word, the
  // word as written. The syntax of the value is checked at once.
  Result<void> set(std::string_view key, std::vector<std::string> arguments, Origin origin);
  // Opens a certificate block. A second block of the same name is an error that names the first.
  Result<void> add_certificate(std::string_view name, Origin origin);
  // Sets a directive in the certificate block of that name.
  Result<void> set_in(std::string_view name, std::string_view key,
                      std::vector<std::string> arguments, Origin origin);

  // A virtual host that wants a certificate: either `NAME` of a block, or `catalogue=NAME`
  // (catalogue.h), or the short form `source=scm [key=value …]`, whose keys are spelled the same in
  // all dialects. `server_names` are the virtual host's names as written in either server's syntax;
  // they name an unnamed certificate and fill missing names. Returns the certificate's name, or the
  // catalogue's. Names that cannot be in a certificate (regular expressions, "www.example.*") are
  // an error in the short form without `names=`. The block or catalogue may come later in the file:
  // whether NAME exists is checked in finalize().
  Result<std::string> use(const std::vector<std::string>& arguments,
                          const std::vector<std::string>& server_names, Origin origin);

  // Whether the short form would fail only because none of the virtual host's names can be in a
  // certificate ("_", no name at all, a single label with a public source). That happens to a
  // virtual host that inherits it.
  static bool lacks_names(const std::vector<std::string>& arguments,
                          const std::vector<std::string>& server_names);

  // Whether anything at all was configured; a server without it needs no agent.
  bool empty() const noexcept;

  // Whether workers may leave core files and be traced (worker_dumps). It is not in Config, because
  // it concerns only the server and not the agent.
  bool allows_worker_dumps() const;
  // The form of the agent's log lines (log_format); nullopt: not given. It is not in Config,
  // because it belongs to the facts about the server (wire.h).
  std::optional<LogFormat> log_format() const;

  // Applies defaults and makes the checks that need the whole configuration. May be called more
  // than once.
  Result<Config> finalize() const;
  // What is allowed but probably not intended, one sentence each (names of a virtual host that its
  // certificate does not cover, …). Valid after a successful finalize().
  std::vector<std::string> warnings() const;
  // For each certificate, the canonical names of the virtual hosts that show it; leaves out names
  // that cannot be in a certificate.
  std::map<std::string, std::vector<std::string>, std::less<>> hosts() const;

 private:
  friend class SettingsWire;

  Result<void> add_implicit(RawCertificate certificate);

  Dialect dialect_;
  std::vector<RawDirective> global_;
  std::map<std::string, RawCertificate, std::less<>> certificates_;
  std::vector<RawUse> uses_;
};

}  // namespace ccm::config
