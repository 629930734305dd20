// SPDX-License-Identifier: Apache-2.0
// The names of a virtual host as written in nginx's server_name or httpd's ServerName and
// ServerAlias, and which of them a certificate can carry. Pure functions; config room only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ccm::config {

// Canonical names for the certificate of a virtual host, in order, without duplicates:
// ".example.com" stands for example.com and *.example.com; "_", "" and httpd's "*" name nothing and
// are left out, and so are names without a dot when `is_public` (no public CA certifies
// "localhost"). Regular expressions, "www.example.*" and httpd's "w?w*.example.com" are `invalid`;
// the sentence tells to list names with `names_word` instead.
Result<std::vector<std::string>> certificate_names(const std::vector<std::string>& server_names,
                                                   bool is_public, std::string_view names_word);
// The names that can be compared with a certificate's; leaves out the others.
std::vector<std::string> comparable_names(const std::vector<std::string>& server_names);
// For a name with non-ASCII letters, the A-label form in which clients ask for it; nullopt for
// every other name, and for one that has no such form.
std::optional<std::string> asked_for_instead(std::string_view server_name);
// The entry name of a certificate that has none in the configuration, made from its first server
// name: "*.example.com" gives "_wildcard.example.com"; an IPv6 address has its colons replaced by
// "-".
std::string derived_certificate_name(std::string_view first_name);

}  // namespace ccm::config
