// SPDX-License-Identifier: Apache-2.0
// A transaction that changes a fleet's entries, while it is put together. Values are sealed at
// once; the first failure is reported when the draft is taken. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "fleet/etcd/etcd_messages.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"

namespace ccm::fleet {

class Draft {
 public:
  Draft(const FleetLayout& layout, const FleetKeys& keys) : layout_(layout), keys_(keys) {}

  void expect(std::string key, EtcdRevision modified);
  // Replaces what the draft did to that key before, as remove() does, because etcd accepts each key
  // only once in a transaction.
  void put(std::string key, const Secret& text);
  // Puts it first, where it shows whether the transaction has happened (EtcdClient::commit).
  void put_first(std::string key, const Secret& text);
  void put_version(const std::string& name, const crypto::Bundle& bundle,
                   const store::VersionInfo& info, std::span<const std::byte> response);
  void remove(std::string key);
  void remove_all(std::string_view prefix);
  void remove_version(const std::string& name, store::VersionNumber number);

  Result<EtcdTransaction> take() &&;

 private:
  void take_back(const std::string& key);

  const FleetLayout& layout_;
  const FleetKeys& keys_;
  EtcdTransaction transaction_;
  std::optional<Error> problem_;
};

}  // namespace ccm::fleet
