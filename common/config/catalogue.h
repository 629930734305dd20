// SPDX-License-Identifier: Apache-2.0
// A catalogue: certificates that no virtual host names. Each handshake uses those for the name that
// the client asks for. `catalogue NAME source=store` declares a catalogue of everything in the
// store, `catalogue NAME source=scm` one of everything that an account has. A virtual host uses it
// with `catalogue=NAME` in place of a certificate. Pure functions and values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/checks/certificate_input.h"
#include "config/config.h"

namespace ccm::config {

inline constexpr std::size_t kMostCatalogues = 8;

// Whether a virtual host asks for a catalogue with these arguments.
bool is_catalogue_use(const std::vector<std::string>& arguments);
// The catalogue's name; `invalid` when the arguments hold anything else.
Result<std::string> parse_catalogue_use(const std::vector<std::string>& arguments);

// Sorted by name, with what the settings leave open. `invalid` when two have the same name, when
// there are too many, or when nothing says where an account is.
Result<std::vector<CatalogueSpec>> complete_catalogues(std::vector<CatalogueSpec> catalogues,
                                                       const CertificateContext& context);

// How the store holds a certificate that an operator imports for a catalogue, or that a catalogue
// takes from an account: under that name, for the names in the certificate itself.
CertificateSpec imported_spec(std::string name, std::vector<std::string> names);

}  // namespace ccm::config
