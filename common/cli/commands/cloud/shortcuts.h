// SPDX-License-Identifier: Apache-2.0
// Commands that are one operation under a handier name: "ca create" is CreateCertificateAuthority.
// An entry each; arguments and options are made from the catalogue (operation_input.h).
#pragma once

#include <span>
#include <string_view>

namespace ccm::cli {

struct Shortcut {
  std::string_view group;      // "certificates"
  std::string_view name;       // "list"
  std::string_view operation;  // "scm.ListCertificates"
  std::string_view columns;    // of the list it answers with
  std::string_view example;    // the words after "ccmctl group name"
};
std::span<const Shortcut> shortcuts() noexcept;

}  // namespace ccm::cli
