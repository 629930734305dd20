// SPDX-License-Identifier: Apache-2.0
// The terms and spellings of one web server, so that every sentence of this room uses the words of
// its users; by default those of nginx. Plain data; each server module has one, and so does the
// file of `ccmctl agent`.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace ccm::config {

struct Dialect {
  // How a directive is spelled: "renew_before" -> "CCMRenewBefore". Empty: unchanged.
  std::function<std::string(std::string_view key)> spelling = {};
  // How a directive is written with its values; empty: ("keep", "3") -> "keep 3".
  std::function<std::string(std::string_view spelled, std::string_view values)> form = {};
  // What the block of one certificate is called.
  std::string_view certificate_block = "certificate block";
  // What the block for the whole server is called.
  std::string_view global_block = "ccm block";
  // The directive of a virtual host that wants a certificate.
  std::string_view use = "ccm_certificate";
  // Whether there can be only one such place. Sentences then say "the main server configuration",
  // never "a main server configuration".
  bool global_block_is_unique = false;
  // The server's own directives for cipher suites and for protocol versions, as a sentence that
  // advises to use them shows them.
  std::string_view ciphers = "ssl_ciphers";
  std::string_view protocols = "ssl_protocols TLSv1.2 TLSv1.3";
  // The server's own directives for the files of a certificate and of its key, which exclude `use`
  // in the same place.
  std::string_view certificate_file = "ssl_certificate";
  std::string_view key_file = "ssl_certificate_key";
  // The directive that shows the status of a server.
  std::string_view status_directive = "\"ccm_status\"";
  // What a virtual host calls its name, and what to do if it has none that a certificate can carry;
  // ends a sentence.
  std::string_view host_name = "name";
  std::string_view advice_to_nameless =
      "give it names, a \"ccm_certificate\" of its own with names=..., or \"ssl_reject_handshake "
      "on\"";

  std::string spell(std::string_view key) const {
    return spelling ? spelling(key) : std::string(key);
  }
};

}  // namespace ccm::config
