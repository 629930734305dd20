// SPDX-License-Identifier: Apache-2.0
// How the authority looks for a proof: it fetches the file over HTTP and HTTPS, or asks a DNS
// server. It says what is there and leaves the verdict to the order. Without World's lock, because
// the network takes its time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace emulator {

struct ProofWish {
  std::string domain;
  std::string file;                // FILE: below /.well-known/pki-validation/; else empty
  std::string record_name;         // DNS
  std::string record_type;         // TXT or CNAME
  std::vector<std::string> http;   // ADDRESS:PORT that stand for the name's port 80
  std::vector<std::string> https;  // the same for its port 443
  std::string dns;                 // ADDRESS:PORT of the DNS server
  std::int64_t timeout_ms = 2000;  // for each place
};

// What one place shows.
struct Sight {
  std::string place;                // URL with the address asked, or server, name and type
  std::string scheme;               // http, https or dns
  std::vector<std::string> values;  // the file's body, or the records
  std::string problem;              // a sentence when there is nothing to compare
};
using Sights = std::vector<Sight>;

Sights look_for_proof(const ProofWish& wish);

}  // namespace emulator
