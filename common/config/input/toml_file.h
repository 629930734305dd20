// SPDX-License-Identifier: Apache-2.0
// The configuration of `ccmctl agent`: the directives of the table as a TOML file, for hosts
// without a web server that has them. Free functions; any thread.
//
//   region = "ap-southeast-1"
//   credentials = "file=/etc/ccm/credentials"
//   [certificate.www]
//   source = "scm"
//   names = ["www.example.com", "example.com"]
//
// A text is one value, or several with blanks between them where a directive takes several; a list
// holds one value per item; true and false are on and off. Paths may be relative to the file.
#pragma once

#include <string>

#include "base/result.h"
#include "config/input/settings.h"

namespace ccm::config {

// The terms of this file's users.
Dialect toml_dialect();

// Every error is `invalid` and one sentence, which ends with " in FILE:LINE" when it is about a
// line.
Result<Settings> read_toml_settings(const std::string& path);

}  // namespace ccm::config
