// SPDX-License-Identifier: Apache-2.0
#include "config/directives/simple_values.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/sentences.h"
#include "config/values/url.h"
#include "config/values/value_words.h"
#include "crypto/certificate/names.h"

namespace ccm::config {
namespace {

constexpr Seconds kShortestValidity{3600};
// Twenty years: what PCA issues at most below a CA (operations.json, IssueCertificate validity).
constexpr Seconds kLongestValidity{20LL * 365 * 86400};

}  // namespace

Result<std::string> parse_loopback_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::uint64_t port =
      parse_unsigned(colon == text.npos ? "" : text.substr(colon + 1)).value_or(0);
  const std::string host = text.substr(0, colon);
  in_addr four{};
  const bool is_four = inet_pton(AF_INET, host.c_str(), &four) == 1 && host.starts_with("127.");
  if ((!is_four && host != "[::1]") || port < 1 || port > 65535) {
    return wrong(text,
                 "is no address of this host alone with a port; write 127.0.0.1:9290 or "
                 "[::1]:9290");
  }
  return text;
}

Result<bool> parse_switch(const std::string& text) {
  const std::string lower = to_lower(text);
  if (lower == "on") return true;
  if (lower == "off") return false;
  return wrong(text, "is neither on nor off");
}

Result<TicketKeys> parse_ticket_keys(const std::string& text) {
  const std::string lower = to_lower(text);
  if (lower == "fleet") return TicketKeys::fleet;
  if (lower == "off") return TicketKeys::own;
  return wrong(text, "is neither fleet nor off");
}

Result<LogFormat> parse_log_format(const std::string& text) {
  const std::string lower = to_lower(text);
  if (lower == "text") return LogFormat::text;
  if (lower == "json") return LogFormat::json;
  return wrong(text, "is neither text nor json");
}

Result<unsigned> parse_number(const std::string& text, unsigned least, unsigned most) {
  const auto number = parse_unsigned(text);
  if (!number || *number < least || *number > most) {
    return wrong(text, fmt::format("is not a number from {} to {}", least, most));
  }
  return static_cast<unsigned>(*number);
}

Result<Seconds> parse_check_interval(const std::string& text) {
  auto interval = parse_duration(text);
  if (interval && *interval < Seconds(1)) {
    return wrong(text, "is too short; the shortest interval is 1s");
  }
  return interval;
}

Result<Seconds> parse_validity(const std::string& text) {
  auto validity = parse_duration(text);
  if (!validity) return validity;
  if (*validity < kShortestValidity || *validity > kLongestValidity) {
    return wrong(text, fmt::format("is not a validity that PCA issues; write {} to {}",
                                   to_string(kShortestValidity), to_string(kLongestValidity)));
  }
  constexpr Seconds kDay{86400};
  constexpr Seconds kHour{3600};
  // PCA counts in one unit (hours or days), so 36h or 90m cannot be asked for exactly.
  if (*validity % (*validity < kDay ? kHour : kDay) != Seconds::zero()) {
    return wrong(text,
                 "cannot be asked of PCA; write whole hours below one day and whole days "
                 "from there on, such as 12h or 90d");
  }
  return validity;
}

Result<KeyOrigin> parse_key_origin(const std::string& text) {
  if (text == "local") return KeyOrigin::local;
  if (text == "cloud") return KeyOrigin::cloud;
  return wrong(text, "is neither local nor cloud");
}

Result<ProxyValue> parse_proxy_value(const std::vector<std::string>& arguments) {
  auto url = parse_proxy(arguments[0]);
  if (!url) return pass(std::move(url));
  ProxyValue proxy{.url = *std::move(url), .credentials_file = {}};
  if (arguments.size() == 1) return proxy;
  const auto path = value_of(arguments[1], "file");
  if (!path || proxy.url.empty()) {
    return wrong(arguments[1], "is not understood here; write http://HOST:PORT [file=PATH] or off");
  }
  auto parsed = parse_file_path(*path);
  if (!parsed) return fail_with(std::move(parsed), "file");
  proxy.credentials_file = *std::move(parsed);
  return proxy;
}

Result<std::vector<std::string>> parse_names(const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const std::string& argument : arguments) {
    auto name = crypto::parse_server_name(argument);
    if (!name) return pass(std::move(name));
    if (std::find(names.begin(), names.end(), *name) == names.end()) names.push_back(*name);
    if (names.size() > kMostNames) {
      return fail(ErrorKind::invalid,
                  fmt::format("there are more than {} names for one certificate; divide them among "
                              "several certificates",
                              kMostNames));
    }
  }
  return names;
}

}  // namespace ccm::config
