// SPDX-License-Identifier: Apache-2.0
// A DNS server's answer of any bytes: refused or read, whatever was asked.
#include <cstddef>
#include <cstdint>
#include <span>

#include "cloud/proof/dns_client.h"

using namespace ccm::cloud;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const NameServer server{.address = "192.0.2.1", .name = "ns1.example.com"};
  for (const DnsType type :
       {DnsType::a, DnsType::aaaa, DnsType::ns, DnsType::cname, DnsType::txt}) {
    static_cast<void>(read_answer(server, {.name = "www.example.com", .type = type},
                                  std::span<const unsigned char>(data, size)));
  }
  return 0;
}
