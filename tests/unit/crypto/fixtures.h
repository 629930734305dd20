// SPDX-License-Identifier: Apache-2.0
// Inputs made by other programs than the code under test: what the openssl command printed about
// them is written beside them.
#pragma once

#include <openssl/bio.h>

#include <string>
#include <string_view>

#include "base/secret.h"

namespace ccm::test {

// `openssl req -x509`, P-256; the expectations are in test_certificate.cpp.
extern const std::string_view kKnownCertificate;

// `text` with every line feed replaced, such as by "\r\n" or by nothing.
std::string with_line_ends(std::string_view text, std::string_view line_end);
// The PEM markers stay on their lines, the base64 text between them becomes one line.
std::string with_one_long_line(std::string_view pem);

// What was written to a memory BIO.
std::string buffer_text(BIO* buffer);

Secret password(std::string_view text = "changeit");

}  // namespace ccm::test
