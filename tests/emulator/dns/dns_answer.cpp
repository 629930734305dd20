// SPDX-License-Identifier: Apache-2.0
#include "dns/dns_answer.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "dns/dns_records.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr int kLongestAliasChain = 8;

std::string number_bytes(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>((value >> (8 * i)) & 0xFF);
  return text;
}

// The name in wire format, uncompressed; nullopt when it is none.
std::optional<std::string> name_bytes(const std::string& name) {
  unsigned char wire[NS_MAXCDNAME];
  const int length = dn_comp(name.c_str(), wire, sizeof wire, nullptr, nullptr);
  if (length <= 0) return std::nullopt;
  return std::string(reinterpret_cast<char*>(wire), static_cast<std::size_t>(length));
}

// A TXT record is quoted; each string of the answer has at most 255 bytes.
std::string text_bytes(const std::string& record) {
  const std::string text = record.size() >= 2 ? record.substr(1, record.size() - 2) : record;
  std::string wire;
  for (std::size_t at = 0; at < text.size() || at == 0; at += 255) {
    const std::string part = text.substr(at, 255);
    wire += static_cast<char>(part.size());
    wire += part;
  }
  return wire;
}

std::string soa_bytes(const std::string& record) {
  const std::vector<std::string> parts =
      split(replace_all(replace_all(record, "(", ""), ")", ""), ' ');
  std::string wire = name_bytes(parts.at(0)).value_or("") + name_bytes(parts.at(1)).value_or("");
  for (std::size_t i = 2; i < 7; ++i) {
    wire += number_bytes(static_cast<std::uint32_t>(std::stoul(parts.at(i))), 4);
  }
  return wire;
}

std::string address_bytes(const std::string& record, int family) {
  char bytes[16];
  if (inet_pton(family, record.c_str(), bytes) != 1) return "";
  return {bytes, family == AF_INET ? 4U : 16U};
}

struct WireType {
  const char* name;
  int number;
};
constexpr WireType kWireTypes[] = {{"A", ns_t_a},     {"AAAA", ns_t_aaaa},   {"NS", ns_t_ns},
                                   {"SOA", ns_t_soa}, {"CNAME", ns_t_cname}, {"TXT", ns_t_txt}};

int type_number(const std::string& name) {
  for (const WireType& type : kWireTypes) {
    if (name == type.name) return type.number;
  }
  return 0;
}

std::string record_bytes(int type, const std::string& record) {
  switch (type) {
    case ns_t_a:
      return address_bytes(record, AF_INET);
    case ns_t_aaaa:
      return address_bytes(record, AF_INET6);
    case ns_t_txt:
      return text_bytes(record);
    case ns_t_soa:
      return soa_bytes(record);
    default:
      return name_bytes(record).value_or("");
  }
}

// The sections of an answer while it grows.
struct Sections {
  int code = ns_r_noerror;
  std::vector<std::string> answers;
  std::vector<std::string> authority;
};

void add_records(std::vector<std::string>& section, const json& set) {
  const int type = type_number(set["type"].get<std::string>());
  for (const json& record : set["records"]) {
    const std::string data = record_bytes(type, record.get<std::string>());
    section.push_back(name_bytes(set["name"].get<std::string>()).value_or("") +
                      number_bytes(static_cast<std::uint32_t>(type), 2) + number_bytes(ns_c_in, 2) +
                      number_bytes(set["ttl"].get<std::uint32_t>(), 4) +
                      number_bytes(static_cast<std::uint32_t>(data.size()), 2) + data);
  }
}

// Whether the name has records or stands above one that has.
bool name_exists(const std::vector<json>& sets, const std::string& name) {
  return std::any_of(sets.begin(), sets.end(), [&](const json& set) {
    const auto owner = set["name"].get<std::string>();
    return owner == name || owner.ends_with("." + name);
  });
}

void add_nothing(Sections& sections, const std::vector<json>& sets, const std::string& name) {
  if (!name_exists(sets, name)) sections.code = ns_r_nxdomain;
  for (const json& set : sets) {
    if (set["type"] == "SOA") add_records(sections.authority, set);
  }
}

Sections resolve(const World& world, const std::string& asked, int type) {
  Sections sections;
  std::string name = dns_name(asked);
  for (int step = 0; step < kLongestAliasChain; ++step) {
    const json zone = zone_of(world, "", name);
    if (zone.is_null()) {
      if (step == 0) sections.code = ns_r_refused;
      return sections;
    }
    std::vector<json> sets = sets_of(world, zone["id"].get<std::string>());
    std::erase_if(sets, [&](const json& set) { return set["served_ms"] > world.clock.now_ms(); });
    std::string alias;
    bool found = false;
    for (const json& set : sets) {
      if (set["name"] != name) continue;
      const int known = type_number(set["type"].get<std::string>());
      if (known == type || known == ns_t_cname) add_records(sections.answers, set);
      found = found || known == type;
      if (known == ns_t_cname) alias = set["records"][0].get<std::string>();
    }
    if (!found && alias.empty()) add_nothing(sections, sets, name);
    if (found || alias.empty()) return sections;
    name = dns_name(alias);
  }
  return sections;
}

std::string message_bytes(const ns_msg& question, const std::string& asked,
                          const Sections& sections, bool cut) {
  const auto count = [&](const std::vector<std::string>& section) {
    return number_bytes(cut ? 0 : static_cast<std::uint32_t>(section.size()), 2);
  };
  // Response, authoritative, truncated when cut; the client's wish for recursion is repeated.
  std::uint32_t flags = 0x8400U | static_cast<std::uint32_t>(sections.code);
  if (cut) flags |= 0x0200U;
  if (ns_msg_getflag(question, ns_f_rd) != 0) flags |= 0x0100U;
  std::string message = number_bytes(ns_msg_id(question), 2) + number_bytes(flags, 2) +
                        number_bytes(1, 2) + count(sections.answers) + count(sections.authority) +
                        number_bytes(0, 2) + asked;
  if (cut) return message;
  for (const std::string& record : sections.answers) message += record;
  for (const std::string& record : sections.authority) message += record;
  return message;
}

// RFC 6891: the client says in an OPT record how much it takes over UDP.
std::size_t wanted_size(ns_msg question, std::size_t limit) {
  for (int i = 0; i < ns_msg_count(question, ns_s_ar); ++i) {
    ns_rr record;
    if (ns_parserr(&question, ns_s_ar, i, &record) != 0) break;
    if (ns_rr_type(record) == ns_t_opt) {
      return std::max<std::size_t>(limit, static_cast<std::size_t>(ns_rr_class(record)));
    }
  }
  return limit;
}

}  // namespace

std::string answer_dns(const World& world, const std::string& question, std::size_t limit) {
  ns_msg parsed;
  const auto* bytes = reinterpret_cast<const unsigned char*>(question.data());
  if (ns_initparse(bytes, static_cast<int>(question.size()), &parsed) != 0) return "";
  ns_rr asked;
  if (ns_msg_getflag(parsed, ns_f_qr) != 0 || ns_msg_count(parsed, ns_s_qd) != 1 ||
      ns_parserr(&parsed, ns_s_qd, 0, &asked) != 0) {
    return "";
  }
  const std::string name = ns_rr_name(asked);
  const std::string repeated = name_bytes(name).value_or("") + number_bytes(ns_rr_type(asked), 2) +
                               number_bytes(ns_rr_class(asked), 2);
  const Sections sections = resolve(world, name, ns_rr_type(asked));
  const std::string whole = message_bytes(parsed, repeated, sections, false);
  if (whole.size() <= wanted_size(parsed, limit)) return whole;
  return message_bytes(parsed, repeated, sections, true);
}

}  // namespace emulator
