// SPDX-License-Identifier: Apache-2.0
// Publishes the files of all orders in progress (store/proof_record.h) from the store to the
// server's workers. It does so in every agent and for every certificate of the store, because an
// authority asks the server to which the domain's address leads. Belongs to the agent's main
// thread, as the Publisher does.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "publication/writer.h"
#include "store/proof_record.h"
#include "store/store_reader.h"

namespace ccm::agent {

class ProofPublisher {
 public:
  // Borrows both.
  ProofPublisher(const store::StoreReader& store, Log& log) : store_(store), log_(log) {}

  // Reads the proofs of the certificates that changed since the last call, and publishes all proofs
  // when some have changed. When a record cannot be read, its former proofs stay. The first call,
  // and a call when the store cannot tell what changed, looks at all certificates and calls
  // `give_sign` after each, to show that the agent lives.
  void refresh(publication::Writer& writer, const std::function<void()>& give_sign);

 private:
  void look_at_all(const std::function<void()>& give_sign);
  void look_at(const std::string& name);
  std::string joined();
  void say_conflict(const std::string& place, const std::string& first, const std::string& second);

  const store::StoreReader& store_;
  Log& log_;
  store::Revision seen_;
  std::map<std::string, std::vector<store::FileProof>> proofs_;  // by certificate
  std::map<std::string, std::string> complaints_;                // so as to say each once
  std::set<std::string> conflicts_;                              // the same
  bool is_unpublished_ = true;
};

}  // namespace ccm::agent
