// SPDX-License-Identifier: Apache-2.0
// Which records hold a certificate of a serial number, so that a question about one of many does
// not parse all of them. Owned by World, used under its lock.
#pragma once

#include <openssl/asn1.h>

#include <map>
#include <set>
#include <string>

#include "store.h"

namespace emulator {

class Serials {
 public:
  // The identifiers of the records of this kind.
  const std::set<std::string>& find(const Store& store, const std::string& kind,
                                    const ASN1_INTEGER* serial);

 private:
  struct Kind {
    std::size_t read = 0;                              // of the store's changes
    std::map<std::string, std::string> serials;        // by identifier
    std::map<std::string, std::set<std::string>> ids;  // by serial number
  };
  static void read_one(const Store& store, const std::string& name, const std::string& id,
                       Kind& kind);

  std::map<std::string, Kind> kinds_;
};

}  // namespace emulator
