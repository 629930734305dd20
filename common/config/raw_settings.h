// SPDX-License-Identifier: Apache-2.0
// What the operator wrote, word for word. `Settings` keeps it until `finalize`. Plain data; only
// the config room uses it.
#pragma once

#include <string>
#include <vector>

#include "config/origin.h"

namespace ccm::config {

struct RawDirective {
  std::string key;
  std::vector<std::string> arguments;
  Origin origin;
};

struct RawCertificate {
  std::string name;
  std::vector<RawDirective> directives;
  // The short form only: the names that `names=` or the virtual hosts gave.
  std::vector<std::string> implicit_names;
  Origin origin;
  bool is_implicit = false;  // made by the short form, not by a block
};

// A virtual host that wants a certificate.
struct RawUse {
  std::string certificate;             // name of a block or of an implicit certificate, or
  std::string catalogue;               // of a catalogue; the other of the two is empty
  std::vector<std::string> arguments;  // as written
  std::vector<std::string> server_names;
  Origin origin;
};

}  // namespace ccm::config
