// SPDX-License-Identifier: Apache-2.0
// Writes JSON (RFC 8259) for the status, because a server's worker has no JSON library. One thread;
// the caller pairs open() and close().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ccm::server {

class JsonText {
 public:
  // `key` is for members of an object; items of a list have none.
  JsonText& open(char bracket, std::string_view key = {});
  JsonText& close(char bracket);
  JsonText& text(std::string_view key, std::string_view value);
  JsonText& number(std::string_view key, std::uint64_t value);
  JsonText& signed_number(std::string_view key, std::int64_t value);
  JsonText& flag(std::string_view key, bool value);
  // 1970, which stands for "never", becomes null.
  JsonText& time(std::string_view key, Time value);
  JsonText& null(std::string_view key);
  JsonText& item(std::string_view value);

  std::string take() && { return std::move(text_); }

 private:
  void begin(std::string_view key);
  void quote(std::string_view value);

  std::string text_;
  bool is_first_ = true;
};

}  // namespace ccm::server
