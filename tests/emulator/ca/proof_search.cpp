// SPDX-License-Identifier: Apache-2.0
#include "ca/proof_search.h"

#include "ca/dns_question.h"
#include "ca/file_fetch.h"

namespace emulator {

Sights look_for_proof(const ProofWish& wish) {
  if (wish.file.empty()) return {ask_dns(wish)};
  Sights sights;
  for (const std::string& address : wish.http) sights.push_back(fetch_file(wish, "http", address));
  for (const std::string& address : wish.https) {
    sights.push_back(fetch_file(wish, "https", address));
  }
  if (sights.empty()) {
    sights.push_back({"", "http", {}, "no address is known where this name is served"});
  }
  return sights;
}

}  // namespace emulator
