// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/hosts_watch.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>

namespace ccm::fleet {
namespace {

// Between two looks at whether this host leads, and two attempts to reach etcd.
constexpr int kBetweenLooksMs = 1000;

}  // namespace

HostsWatch::HostsWatch(FleetHost& host, SettingsReader& settings, ReportBook& reports)
    : host_(host),
      settings_(settings),
      reports_(reports),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

HostsWatch::~HostsWatch() {
  static_cast<void>(eventfd_write(stop_.get(), 1));
  if (thread_.joinable()) thread_.join();
}

void HostsWatch::start() {
  thread_ = std::thread([this] { work(); });
}

void HostsWatch::work() {
  pollfd waiting{stop_.get(), POLLIN, 0};
  int pause = kBetweenLooksMs;
  while (poll(&waiting, 1, pause) <= 0) {
    pause = kBetweenLooksMs;
    const auto standing = host_.standing();
    if (!standing || !standing->leads) {
      heard_.reset();
      reports_.forget();
      continue;
    }
    // After a silence it goes on at once.
    if (listen(standing->keys) && heard_) pause = 0;
  }
}

Result<void> HostsWatch::listen(const FleetKeys& keys) {
  if (settings_.known_to(keys) == 0) heard_.reset();
  if (!heard_) {
    if (Result<void> done = read_all(keys); !done) return done;
  }
  return host_.etcd()->watch(
      range_of_prefix(host_.layout().told()), *heard_ + 1,
      [this](const EtcdNews& news) { return hear(news); }, stop_.get());
}

Result<void> HostsWatch::read_all(const FleetKeys& keys) {
  if (settings_.known_to(keys) == 0) {
    if (Result<void> done = settings_.look(keys); !done) return done;
  }
  const EtcdRevision known = settings_.known_to(keys);
  const Result<EtcdRevision> read = reports_.read(*host_.etcd(), keys);
  if (!read) return fail(read.error());
  heard_ = std::min(known, *read);
  return {};
}

// False: it is to begin anew.
bool HostsWatch::hear(const EtcdNews& news) {
  const auto standing = host_.standing();
  const bool goes_on = standing && standing->leads && settings_.known_to(standing->keys) != 0;
  // The member has forgotten what happened since, or etcd has what a backup had.
  if (!goes_on || news.is_canceled || news.revision < *heard_) {
    settings_.forget();
    heard_.reset();
    return false;
  }
  settings_.hear(news.events, standing->keys);
  reports_.hear(news.events, standing->keys);
  for (const EtcdEvent& event : news.events) heard_ = std::max(*heard_, event.item.modified);
  return true;
}

}  // namespace ccm::fleet
