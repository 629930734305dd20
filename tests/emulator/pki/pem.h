// SPDX-License-Identifier: Apache-2.0
// PEM text as clouds and clients really write it: with CRLF, glued blocks or no line breaks. Any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace emulator {

struct PemBlock {
  std::string label;  // such as "CERTIFICATE"
  std::string bytes;  // DER
};

// Every block whose markers pair up and whose body is base64; anything between blocks is skipped.
// A body with headers (old encrypted keys) is not base64 and therefore skipped as well.
std::vector<PemBlock> find_pem_blocks(std::string_view text);
// 64 characters a line, LF, with a final line feed.
std::string write_pem_block(std::string_view label, std::string_view bytes);

// How answers lay out PEM: "lf", "crlf", "glued" (LF, but no line break between blocks) or "flat"
// (no line breaks at all).
std::string lay_out_pem(const std::string& pem, std::string_view style);

}  // namespace emulator
