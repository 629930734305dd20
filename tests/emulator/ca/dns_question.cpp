// SPDX-License-Identifier: Apache-2.0
#include "ca/dns_question.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <netdb.h>
#include <resolv.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "ca/address.h"

namespace emulator {
namespace {

// The resolver of the C library, pointed at one server.
class Resolver {
 public:
  Resolver(const std::string& server, std::int64_t timeout_ms) {
    if (res_ninit(&state_) != 0) throw std::runtime_error("the resolver does not start");
    const HostAndPort place = host_and_port(server);
    sockaddr_in& address = state_.nsaddr_list[0];
    std::memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(place.port);
    if (inet_pton(AF_INET, place.host.c_str(), &address.sin_addr) != 1) {
      throw std::runtime_error("only IPv4 addresses of DNS servers can be asked");
    }
    state_.nscount = 1;
    state_.retry = 1;
    state_.retrans = static_cast<int>(std::max<std::int64_t>(1, timeout_ms / 1000));
    state_.options &= ~static_cast<unsigned long>(RES_DNSRCH | RES_DEFNAMES);
  }
  ~Resolver() { res_nclose(&state_); }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // The answer's bytes; throws std::runtime_error with what the server said instead.
  std::vector<unsigned char> ask(const std::string& name, int type) {
    std::vector<unsigned char> answer(NS_MAXMSG);
    const int length = res_nquery(&state_, name.c_str(), ns_c_in, type, answer.data(),
                                  static_cast<int>(answer.size()));
    if (length < 0) throw std::runtime_error(trouble());
    answer.resize(std::min<std::size_t>(static_cast<std::size_t>(length), answer.size()));
    return answer;
  }

 private:
  std::string trouble() const {
    switch (state_.res_h_errno) {
      case HOST_NOT_FOUND:
        return "the name does not exist";
      case NO_DATA:
        return "the name has no such record";
      default:
        return "the server gives no usable answer";
    }
  }

  struct __res_state state_ {};
};

// The strings of a TXT record, joined (RFC 7208 section 3.3 does the same).
std::string text_of(const ns_rr& record) {
  std::string text;
  const unsigned char* at = ns_rr_rdata(record);
  const unsigned char* const end = at + ns_rr_rdlen(record);
  while (at < end) {
    const std::size_t length = std::min<std::size_t>(*at, static_cast<std::size_t>(end - at - 1));
    text.append(reinterpret_cast<const char*>(at + 1), length);
    at += length + 1;
  }
  return text;
}

std::string target_of(const ns_msg& message, const ns_rr& record) {
  char name[NS_MAXDNAME] = "";
  ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record), name,
                     sizeof name);
  return name;
}

std::vector<std::string> records_of(const std::vector<unsigned char>& answer, int type) {
  ns_msg message;
  std::vector<std::string> values;
  if (ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) != 0) return values;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, i, &record) != 0) return values;
    if (ns_rr_type(record) != type) continue;
    values.push_back(type == ns_t_txt ? text_of(record) : target_of(message, record));
  }
  return values;
}

}  // namespace

Sight ask_dns(const ProofWish& wish) {
  Sight sight{
      fmt::format("{} {} at {}", wish.record_type, wish.record_name, wish.dns), "dns", {}, ""};
  const int type = wish.record_type == "CNAME" ? ns_t_cname : ns_t_txt;
  try {
    if (wish.dns.empty()) throw std::runtime_error("no DNS server is known to ask");
    sight.values =
        records_of(Resolver(wish.dns, wish.timeout_ms).ask(wish.record_name, type), type);
    if (sight.values.empty()) sight.problem = "the name has no such record";
  } catch (const std::exception& problem) {
    sight.problem = problem.what();
  }
  return sight;
}

}  // namespace emulator
