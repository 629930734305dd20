// SPDX-License-Identifier: Apache-2.0
#include "pki/pem.h"

#include <fmt/format.h>

#include "text.h"

namespace emulator {

std::vector<PemBlock> find_pem_blocks(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  std::vector<PemBlock> blocks;
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
    const auto label_start = at + kBegin.size();
    const auto label_end = text.find(kDashes, label_start);
    if (label_end == std::string_view::npos) break;
    const std::string label(text.substr(label_start, label_end - label_start));
    const auto body = label_end + kDashes.size();
    const auto end = text.find(fmt::format("-----END {}-----", label), body);
    if (end == std::string_view::npos) continue;
    if (auto bytes = base64_decode(text.substr(body, end - body))) {
      blocks.push_back({label, std::move(*bytes)});
    }
  }
  return blocks;
}

std::string write_pem_block(std::string_view label, std::string_view bytes) {
  std::string result = fmt::format("-----BEGIN {}-----\n", label);
  const std::string body = base64(bytes);
  for (std::size_t at = 0; at < body.size(); at += 64) result += body.substr(at, 64) + "\n";
  return result + fmt::format("-----END {}-----\n", label);
}

std::string lay_out_pem(const std::string& pem, std::string_view style) {
  if (style == "crlf") return replace_all(pem, "\n", "\r\n");
  if (style == "glued") return trim(replace_all(pem, "-----\n-----BEGIN", "----------BEGIN"));
  if (style == "flat") return replace_all(pem, "\n", "");
  return pem;
}

}  // namespace emulator
