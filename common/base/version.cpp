// SPDX-License-Identifier: Apache-2.0
#include "base/version.h"

namespace ccm {
namespace {

// An array and not a constant expression: its bytes must be in the file as they are.
const char kNote[] = "@(#)ccm-tls " CCM_VERSION;

}  // namespace

std::string_view version() noexcept {
  // Volatile, because the compiler would otherwise keep only the version itself.
  const char* volatile note = kNote;
  return std::string_view(note).substr(kVersionMarkStart.size() + kVersionMarkName.size());
}

}  // namespace ccm
