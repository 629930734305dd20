// SPDX-License-Identifier: Apache-2.0
// Values of directives that are too simple for a file of their own. Each parser takes the argument,
// or all of them, as written; its error says what is wrong with the value. Pure functions; config
// room only.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/directives/values.h"

namespace ccm::config {

inline constexpr std::size_t kMostNames = 100;  // of one certificate

// on | off
Result<bool> parse_switch(const std::string& text);
Result<unsigned> parse_number(const std::string& text, unsigned least, unsigned most);
// An address with a port that only this host can reach.
Result<std::string> parse_loopback_address(const std::string& text);
// http://HOST:PORT [file=PATH] | off
Result<ProxyValue> parse_proxy_value(const std::vector<std::string>& arguments);
Result<TicketKeys> parse_ticket_keys(const std::string& text);
Result<LogFormat> parse_log_format(const std::string& text);
Result<KeyOrigin> parse_key_origin(const std::string& text);
Result<Seconds> parse_check_interval(const std::string& text);
// Whole hours below one day, and whole days from there on.
Result<Seconds> parse_validity(const std::string& text);
// Canonical (crypto/certificate/names.h), each once, in the order in which they were written.
Result<std::vector<std::string>> parse_names(const std::vector<std::string>& arguments);

}  // namespace ccm::config
