// SPDX-License-Identifier: Apache-2.0
// What the two halves of file.h share; nobody else includes this. Any thread.
#pragma once

#include <dirent.h>
#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/handle.h"
#include "base/result.h"
#include "base/text.h"

namespace ccm {

using Directory = Handle<DIR, closedir>;

// The error "VERB PATH: why", from errno.
inline Failure failed(std::string_view verb, const std::string& path) {
  const int number = errno;
  return fail(system_error(fmt::format("{} {}", verb, printable(path)), number));
}

}  // namespace ccm
