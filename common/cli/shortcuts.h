// SPDX-License-Identifier: Apache-2.0
// Commands that are one operation under a handier name: "ca create" is CreateCertificateAuthority.
// An entry each; arguments and options are made from the catalogue.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cloud/catalogue.h"

namespace ccm::cli {

struct Shortcut {
  std::string_view group;      // "certificates"
  std::string_view name;       // "list"
  std::string_view operation;  // "scm.ListCertificates"
  std::string_view columns;    // of the list it answers with
  std::string_view example;    // the words after "ccmctl group name"
};
std::span<const Shortcut> shortcuts() noexcept;

// The option's name for a parameter: "--key-algorithm"; of a field the object is part of it
// ("--validity-type"), and what holds PEM is read from a file ("--certificate-file").
std::string option_of(const cloud::Parameter& parameter);
bool is_from_file(const cloud::Parameter& parameter) noexcept;

}  // namespace ccm::cli
