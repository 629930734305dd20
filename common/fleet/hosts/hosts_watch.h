// SPDX-License-Identifier: Apache-2.0
// The thread that listens, while this host leads, to what the other hosts tell of themselves: their
// settings, their reports and their counts of versions that are tried out. Only the leading host
// listens, because the words of each of 1,000 hosts must not go to each of the others. Owned by the
// store.
#pragma once

#include <optional>
#include <thread>

#include "base/handle.h"
#include "base/result.h"
#include "fleet/hosts/host_book.h"
#include "fleet/hosts/settings_reader.h"
#include "fleet/store/fleet_host.h"

namespace ccm::fleet {

class HostsWatch {
 public:
  struct Listeners {
    SettingsReader& settings;
    ReportBook& reports;
    CanaryBook& canaries;
  };
  // Borrows all of them.
  HostsWatch(FleetHost& host, const Listeners& listeners);
  ~HostsWatch();
  HostsWatch(const HostsWatch&) = delete;
  HostsWatch& operator=(const HostsWatch&) = delete;

  // To be called once.
  void start();

 private:
  void work();
  // Listens until something else has to be done first. `transient` when etcd does not answer.
  Result<void> listen(const FleetKeys& keys);
  Result<void> read_all(const FleetKeys& keys);
  bool hear(const EtcdNews& news);

  FleetHost& host_;
  const Listeners listeners_;
  std::optional<EtcdRevision> heard_;  // the books and the roster have all news up to it
  FileDescriptor stop_;
  std::thread thread_;
};

}  // namespace ccm::fleet
