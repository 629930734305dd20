// SPDX-License-Identifier: Apache-2.0
#include "admin/request_log.h"

#include "emulator_clock.h"
#include "text.h"

namespace emulator {
namespace {

constexpr std::size_t kMaximumEntries = 100'000;

void count(json& counter, const std::string& key) {
  counter[key] = counter.value(key, 0) + 1;
}

}  // namespace

void RequestLog::add(const LogEntry& entry, int status) {
  const std::int64_t sent_ns = monotonic_ns();
  const std::int64_t sent_ms = machine_ms();
  const std::scoped_lock lock(mutex_);
  ++last_;
  ++total_;
  entries_.push_back({{"number", last_},
                      {"time", iso_time(sent_ms)},
                      {"time_ms", sent_ms},
                      {"monotonic_ns", sent_ns},
                      {"service", entry.service},
                      {"operation", entry.operation},
                      {"status", status},
                      {"code", entry.code},
                      {"access_key", entry.access_key},
                      {"domain_id", entry.domain_id},
                      {"resource", entry.resource},
                      {"request_id", entry.request_id},
                      {"fault", entry.fault}});
  if (entries_.size() > kMaximumEntries) entries_.pop_front();
  json& operation = operations_[entry.service + "." + entry.operation];
  if (operation.is_null()) operation = {{"total", 0}, {"statuses", json::object()}};
  count(operation, "total");
  count(operation["statuses"], std::to_string(status));
}

json RequestLog::requests(std::int64_t since) const {
  const std::scoped_lock lock(mutex_);
  json list = json::array();
  for (const json& entry : entries_) {
    if (entry["number"] > since) list.push_back(entry);
  }
  return {{"requests", std::move(list)}, {"last", last_}};
}

json RequestLog::counters() const {
  const std::scoped_lock lock(mutex_);
  return {{"total", total_}, {"operations", operations_}};
}

void RequestLog::clear() {
  const std::scoped_lock lock(mutex_);
  entries_.clear();
  operations_ = json::object();
  total_ = 0;
}

}  // namespace emulator
