// SPDX-License-Identifier: Apache-2.0
#include "pki/serials.h"

#include <openssl/x509.h>

#include "pki/pem.h"
#include "text.h"

namespace emulator {
namespace {

std::string bytes_of(const ASN1_INTEGER* serial) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial));
  return {data, static_cast<std::size_t>(ASN1_STRING_length(serial))};
}

}  // namespace

const std::set<std::string>& Serials::find(const Store& store, const std::string& kind,
                                           const ASN1_INTEGER* serial) {
  static const std::set<std::string> kNone;
  Kind& known = kinds_[kind];
  const auto& changes = store.changes(kind);
  for (; known.read < changes.size(); ++known.read) {
    read_one(store, kind, changes[known.read], known);
  }
  const auto found = known.ids.find(bytes_of(serial));
  return found == known.ids.end() ? kNone : found->second;
}

void Serials::read_one(const Store& store, const std::string& name, const std::string& id,
                       Kind& kind) {
  const auto before = kind.serials.find(id);
  if (before != kind.serials.end()) {
    kind.ids[before->second].erase(id);
    kind.serials.erase(before);
  }
  const json* record = store.find(name, id);
  if (record == nullptr || is_blank(*record, "certificate")) return;
  const auto parsed = parse_certificates((*record)["certificate"].get<std::string>());
  if (parsed.empty()) return;
  const std::string serial = bytes_of(X509_get0_serialNumber(parsed.front().get()));
  kind.serials.emplace(id, serial);
  kind.ids[serial].insert(id);
}

}  // namespace emulator
