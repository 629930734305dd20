// SPDX-License-Identifier: Apache-2.0
// ccm-proof-probe STATE: the engine of a store, as far as file proofs go. Takes the lead, says
// "leading", and does what standard input says, a line each, until it ends; after each line it says
// "done" or what is wrong:
//   put CERTIFICATE DOMAIN FILE VALUE    one proof in place of all of the certificate's; FILE "-":
//                                        none is named
//   fill CERTIFICATE DOMAIN COUNT        COUNT proofs, of n1.DOMAIN and so on
//   remove CERTIFICATE
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "store/kinds.h"
#include "store/proof_record.h"

namespace {

using namespace ccm;
using Proofs = std::vector<store::FileProof>;

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

Result<Proofs> one_proof(std::istringstream& words) {
  std::string domain;
  std::string file;
  std::string value;
  words >> domain >> file;
  std::getline(words, value);
  auto proof = store::make_file_proof(domain, file == "-" ? "" : file, value);
  if (!proof) return pass(std::move(proof));
  return Proofs{*std::move(proof)};
}

Result<Proofs> many_proofs(std::istringstream& words) {
  std::string domain;
  int count = 0;
  words >> domain >> count;
  Proofs proofs;
  for (int i = 1; i <= count; ++i) {
    proofs.push_back({fmt::format("n{}.{}", i, domain), "", fmt::format("value-{}", i)});
  }
  return proofs;
}

Result<void> obey(const std::string& line, store::Store& store, const store::Lease& lease) {
  std::istringstream words(line);
  std::string verb;
  std::string name;
  words >> verb >> name;
  if (verb == "remove") return store::remove_file_proofs(store, lease, name);
  Result<Proofs> proofs = verb == "fill" ? many_proofs(words) : one_proof(words);
  if (!proofs) return pass(std::move(proofs));
  return store::write_file_proofs(store, lease, name, *proofs);
}

int run(const std::string& state) {
  auto store = store::open_store(state);
  if (!store) {
    say(store.error().message());
    return 1;
  }
  auto lease = (*store)->try_lead();
  if (!lease || *lease == nullptr) {
    say(lease ? "somebody else leads" : lease.error().message());
    return 1;
  }
  say("leading");
  for (std::string line; std::getline(std::cin, line);) {
    const Result<void> done = obey(line, **store, **lease);
    say(done ? "done" : done.error().message());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return run(argv[1]);
  std::fputs("usage: ccm-proof-probe STATE\n", stderr);
  return 2;
}
