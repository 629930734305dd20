// SPDX-License-Identifier: Apache-2.0
#include "cloud/proof/dns_client.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace ccm::cloud {
namespace {

using Message = std::vector<unsigned char>;

constexpr int kTries = 2;
// Answers from others than the server that was asked, before the question is given up.
constexpr int kMostStrangers = 16;
constexpr std::size_t kLargestMessage = 65'535;
constexpr std::size_t kQuerySize = 512;
constexpr std::size_t kIdSize = 2;
constexpr std::size_t kFlagsAt = 2;
constexpr unsigned char kRecursionDesired = 0x01;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> address_of(const NameServer& server) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, server.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(server.port);
    address.size = sizeof *v4;
    return address;
  }
  if (inet_pton(AF_INET6, server.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(server.port);
    address.size = sizeof *v6;
    return address;
  }
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is no address of a DNS server", printable(server.address)));
}

Failure silent(const NameServer& server, int error_number) {
  const bool is_late = error_number == EAGAIN || error_number == EINPROGRESS;
  return fail(ErrorKind::transient,
              fmt::format("the DNS server {} does not answer{}{}", to_text(server),
                          is_late ? "" : ": ", is_late ? "" : errno_text(error_number)));
}

Result<FileDescriptor> open_socket(const NameServer& server, int kind,
                                   std::chrono::milliseconds patience) {
  const Result<Address> address = address_of(server);
  if (!address) return fail(address.error());
  FileDescriptor file(socket(address->storage.ss_family, kind | SOCK_CLOEXEC, 0));
  if (!file) return silent(server, errno);
  const timeval limit{.tv_sec = patience.count() / 1000,
                      .tv_usec = (patience.count() % 1000) * 1000};
  // SO_SNDTIMEO also limits connect().
  setsockopt(file.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(file.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const auto* place = reinterpret_cast<const sockaddr*>(&address->storage);
  if (connect(file.get(), place, address->size) != 0) return silent(server, errno);
  return file;
}

int number_of(DnsType type) noexcept {
  switch (type) {
    case DnsType::a:
      return ns_t_a;
    case DnsType::aaaa:
      return ns_t_aaaa;
    case DnsType::ns:
      return ns_t_ns;
    case DnsType::cname:
      return ns_t_cname;
    case DnsType::txt:
      break;
  }
  return ns_t_txt;
}

Result<Message> make_query(const DnsQuestion& question) {
  Message query(kQuerySize);
  const int size = res_mkquery(ns_o_query, question.name.c_str(), ns_c_in, number_of(question.type),
                               nullptr, 0, nullptr, query.data(), static_cast<int>(query.size()));
  if (size < 0) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no name that DNS can have", printable(question.name)));
  }
  query.resize(static_cast<std::size_t>(size));
  const Result<Secret> id = crypto::random_bytes(kIdSize);
  if (!id) return fail(id.error());
  std::memcpy(query.data(), id->bytes().data(), kIdSize);
  query[kFlagsAt] = static_cast<unsigned char>((query[kFlagsAt] & ~kRecursionDesired) |
                                               (question.is_recursive ? kRecursionDesired : 0));
  return query;
}

// Whether it answers this query: it has the same id and question.
bool is_answer_to(const Message& query, const Message& answer) {
  ns_msg asked{};
  ns_msg given{};
  ns_rr ours{};
  ns_rr theirs{};
  return ns_initparse(query.data(), static_cast<int>(query.size()), &asked) == 0 &&
         ns_initparse(answer.data(), static_cast<int>(answer.size()), &given) == 0 &&
         ns_msg_id(asked) == ns_msg_id(given) && ns_msg_getflag(given, ns_f_qr) == 1 &&
         ns_msg_count(given, ns_s_qd) == 1 && ns_parserr(&asked, ns_s_qd, 0, &ours) == 0 &&
         ns_parserr(&given, ns_s_qd, 0, &theirs) == 0 && ns_rr_type(ours) == ns_rr_type(theirs) &&
         equals_ignoring_case(ns_rr_name(ours), ns_rr_name(theirs));
}

Result<Message> ask_by_udp(const NameServer& server, const Message& query,
                           std::chrono::milliseconds patience) {
  const Result<FileDescriptor> file = open_socket(server, SOCK_DGRAM, patience);
  if (!file) return fail(file.error());
  int problem = EAGAIN;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (send(file->get(), query.data(), query.size(), MSG_NOSIGNAL) < 0) {
      return silent(server, errno);
    }
    for (int strangers = 0; strangers < kMostStrangers; ++strangers) {
      Message answer(kLargestMessage);
      const ssize_t size = recv(file->get(), answer.data(), answer.size(), 0);
      if (size < 0) {
        problem = errno;
        break;
      }
      answer.resize(static_cast<std::size_t>(size));
      if (is_answer_to(query, answer)) return answer;
    }
  }
  return silent(server, problem);
}

bool receive_all(int file, std::span<unsigned char> into) noexcept {
  const ssize_t size = recv(file, into.data(), into.size(), MSG_WAITALL);
  return size == static_cast<ssize_t>(into.size());
}

// RFC 1035 section 4.2.2: the size in two bytes before each message.
Result<Message> ask_by_tcp(const NameServer& server, const Message& query,
                           std::chrono::milliseconds patience) {
  const Result<FileDescriptor> file = open_socket(server, SOCK_STREAM, patience);
  if (!file) return fail(file.error());
  Message framed{static_cast<unsigned char>(query.size() >> 8U),
                 static_cast<unsigned char>(query.size() & 0xffU)};
  framed.insert(framed.end(), query.begin(), query.end());
  if (send(file->get(), framed.data(), framed.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(framed.size())) {
    return silent(server, errno);
  }
  std::array<unsigned char, 2> size{};
  if (!receive_all(file->get(), size)) return silent(server, EAGAIN);
  Message answer((std::size_t{size[0]} << 8U) | size[1]);
  if (!receive_all(file->get(), answer) || !is_answer_to(query, answer)) {
    return silent(server, EAGAIN);
  }
  return answer;
}

bool is_cut(const Message& answer) {
  ns_msg message{};
  return ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) == 0 &&
         ns_msg_getflag(message, ns_f_tc) == 1;
}

std::string name_in(const ns_msg& message, const ns_rr& record) {
  std::array<char, NS_MAXDNAME> text{};
  const int size = dn_expand(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record),
                             text.data(), static_cast<int>(text.size()));
  return size < 0 ? std::string() : std::string(text.data());
}

std::string address_in(const ns_rr& record) {
  const bool is_v4 = ns_rr_type(record) == ns_t_a;
  if (ns_rr_rdlen(record) != (is_v4 ? sizeof(in_addr) : sizeof(in6_addr))) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* written = inet_ntop(is_v4 ? AF_INET : AF_INET6, ns_rr_rdata(record), text.data(),
                                  static_cast<socklen_t>(text.size()));
  return written == nullptr ? std::string() : std::string(written);
}

std::string text_in(const ns_rr& record) {
  const std::span<const unsigned char> data(ns_rr_rdata(record), ns_rr_rdlen(record));
  std::string text;
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t size = std::min<std::size_t>(data[at], data.size() - at - 1);
    text.append(reinterpret_cast<const char*>(&data[at]) + 1, size);
    at += 1 + size;
  }
  return text;
}

std::string value_in(const ns_msg& message, const ns_rr& record) {
  switch (ns_rr_type(record)) {
    case ns_t_a:
    case ns_t_aaaa:
      return address_in(record);
    case ns_t_txt:
      return text_in(record);
    default:
      return name_in(message, record);
  }
}

}  // namespace

std::string to_text(const NameServer& server) {
  if (server.name.empty()) return server.address;
  return fmt::format("{} ({})", printable(server.name), server.address);
}

Result<DnsAnswer> read_answer(const NameServer& server, const DnsQuestion& question,
                              std::span<const unsigned char> bytes) {
  ns_msg message{};
  if (ns_initparse(bytes.data(), static_cast<int>(bytes.size()), &message) != 0) {
    return fail(ErrorKind::transient,
                fmt::format("the DNS server {} answers what is no answer", to_text(server)));
  }
  const int code = ns_msg_getflag(message, ns_f_rcode);
  if (code == ns_r_nxdomain) return DnsAnswer();
  if (code != ns_r_noerror) {
    return fail(ErrorKind::transient,
                fmt::format("the DNS server {} refuses to answer about {} (code {})",
                            to_text(server), question.name, code));
  }
  const bool is_address = question.type == DnsType::a || question.type == DnsType::aaaa;
  DnsAnswer answer;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record{};
    if (ns_parserr(&message, ns_s_an, i, &record) != 0) break;
    const bool is_its_own = equals_ignoring_case(ns_rr_name(record), question.name);
    const int type = ns_rr_type(record);
    if (type == number_of(question.type) && (is_its_own || is_address)) {
      answer.values.push_back(value_in(message, record));
    } else if (type == ns_t_cname && is_its_own) {
      answer.alias = name_in(message, record);
    }
  }
  return answer;
}

Result<DnsAnswer> ask(const NameServer& server, const DnsQuestion& question,
                      std::chrono::milliseconds patience) {
  const Result<Message> query = make_query(question);
  if (!query) return fail(query.error());
  Result<Message> answer = ask_by_udp(server, *query, patience);
  if (answer && is_cut(*answer)) answer = ask_by_tcp(server, *query, patience);
  if (!answer) return pass(std::move(answer));
  return read_answer(server, question, *answer);
}

std::vector<NameServer> system_resolvers() {
  constexpr std::size_t kLargestFile = std::size_t{64} << 10U;
  std::vector<NameServer> servers;
  const Result<std::string> text = read_file("/etc/resolv.conf", kLargestFile);
  const std::string_view lines = text ? std::string_view(*text) : std::string_view();
  for (const std::string_view line : split(lines, '\n')) {
    constexpr std::string_view kWord = "nameserver";
    std::string_view rest = trim(line);
    if (!rest.starts_with(kWord)) continue;
    rest = trim(rest.substr(kWord.size()));
    NameServer server{.address = std::string(rest.substr(0, rest.find_first_of(" \t")))};
    if (address_of(server)) servers.push_back(std::move(server));
  }
  if (servers.empty()) servers.push_back({.address = "127.0.0.1"});
  return servers;
}

}  // namespace ccm::cloud
