// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/hosts_watch.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>

namespace ccm::fleet {
namespace {

// Between two looks whether this host leads, and between two attempts to reach etcd.
constexpr int kBetweenLooksMs = 1000;

}  // namespace

HostsWatch::HostsWatch(FleetHost& host, const Listeners& listeners)
    : host_(host), listeners_(listeners), stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

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
      listeners_.reports.forget();
      listeners_.canaries.forget();
      continue;
    }
    // After mere silence it goes on at once.
    if (listen(*standing->keys) && heard_) pause = 0;
  }
}

Result<void> HostsWatch::listen(const FleetKeys& keys) {
  if (listeners_.settings.known_to(keys) == 0) heard_.reset();
  if (!heard_) {
    if (Result<void> done = read_all(keys); !done) return done;
  }
  return host_.etcd()->watch(
      range_of_prefix(host_.layout().told()), *heard_ + 1,
      [this](const EtcdNews& news) { return hear(news); }, stop_.get());
}

Result<void> HostsWatch::read_all(const FleetKeys& keys) {
  if (listeners_.settings.known_to(keys) == 0) {
    if (Result<void> done = listeners_.settings.look(keys); !done) return done;
  }
  const EtcdRevision known = listeners_.settings.known_to(keys);
  const Result<EtcdRevision> reports = listeners_.reports.read(*host_.etcd(), keys);
  if (!reports) return fail(reports.error());
  const Result<EtcdRevision> canaries = listeners_.canaries.read(*host_.etcd(), keys);
  if (!canaries) return fail(canaries.error());
  heard_ = std::min({known, *reports, *canaries});
  return {};
}

// False: everything has to be read anew.
bool HostsWatch::hear(const EtcdNews& news) {
  const auto standing = host_.standing();
  const bool goes_on =
      standing && standing->leads && listeners_.settings.known_to(*standing->keys) != 0;
  // The member has dropped the history since then, or etcd was restored from a backup.
  if (!goes_on || news.is_canceled || news.revision < *heard_) {
    listeners_.settings.forget();
    heard_.reset();
    return false;
  }
  listeners_.settings.hear(news.events, *standing->keys);
  listeners_.reports.hear(news.events, *standing->keys);
  listeners_.canaries.hear(news.events, *standing->keys);
  for (const EtcdEvent& event : news.events) heard_ = std::max(*heard_, event.item.modified);
  return true;
}

}  // namespace ccm::fleet
