// SPDX-License-Identifier: Apache-2.0
// Small text work: percent encoding, hex, base64, time formats, random identifiers. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string lower(std::string_view text);
std::string upper(std::string_view text);
std::string trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
bool contains(std::string_view text, std::string_view part);
// The documents' limits count characters, and names may be Chinese. The text is UTF-8.
std::int64_t count_characters(std::string_view text);

// RFC 3986 unreserved characters stay; every other byte becomes %XX.
std::string percent_encode(std::string_view text);
// A stray `%` is kept as it is.
std::string percent_decode(std::string_view text);
// Form rules as the vendor's Node client sends them: `+` is a space. A key without `=` has an empty
// value.
Pairs parse_query(std::string_view raw);

std::string hex(std::string_view bytes);
std::string base64(std::string_view bytes);
// White space is skipped; nullopt when what remains is not base64.
std::optional<std::string> base64_decode(std::string_view text);
std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view data);
bool equal_in_constant_time(std::string_view left, std::string_view right);

// From the kernel's generator, as lower-case hex of `bytes` bytes, letters and digits, or a UUID.
std::string random_hex(std::size_t bytes);
std::string random_token(std::size_t characters);
std::string random_uuid();

// UTC. Milliseconds since 1970.
std::string iso_time(std::int64_t milliseconds);      // 2026-05-10T18:42:00.000000Z
std::string scm_time(std::int64_t milliseconds);      // 2021-05-27 16:46:25.0
std::string compact_time(std::int64_t milliseconds);  // 20210527164625
std::string http_time(std::int64_t milliseconds);     // Tue, 15 Nov 1994 08:12:31 GMT
// YYYYMMDDTHHMMSSZ exactly, or nullopt.
std::optional<std::int64_t> parse_sdk_date(std::string_view text);

}  // namespace emulator
