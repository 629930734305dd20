// SPDX-License-Identifier: Apache-2.0
// Commands that are one operation with a handier name: "ca create" is CreateCertificateAuthority.
// Each is one row; arguments and options are made from the catalogue of operations
// (operation_input.h).
#pragma once

#include <span>
#include <string_view>

namespace ccm::cli {

struct Shortcut {
  std::string_view group;      // "certificates"
  std::string_view name;       // "list"
  std::string_view operation;  // "scm.ListCertificates"
  std::string_view columns;    // of the list in the answer
  std::string_view example;    // the words after "ccmctl group name"
};
std::span<const Shortcut> shortcuts() noexcept;

}  // namespace ccm::cli
