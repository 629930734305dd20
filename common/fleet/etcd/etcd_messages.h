// SPDX-License-Identifier: Apache-2.0
// What is said to etcd's JSON gateway (version 3) and what it answers. The gateway ignores a field
// that it does not know: a misspelt comparison would be a write without any. So every body is
// made here and nowhere else, and the tests know it letter by letter.
//
// Keys and values are bytes; they travel in base64. Whatever is zero or false may be left out of an
// answer. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cloud/reply/json.h"

namespace ccm::fleet {

// Of the whole etcd, grows with each transaction that changes something. 0: none.
using EtcdRevision = std::uint64_t;
using EtcdLease = std::uint64_t;  // 0: none

// What etcd takes in one transaction unless it is told otherwise.
inline constexpr std::size_t kMostOperations = 128;
inline constexpr std::size_t kMostRequestBytes = std::size_t{1536} << 10U;

struct EtcdItem {
  std::string key;
  std::string value;
  EtcdRevision created = 0;
  EtcdRevision modified = 0;
  EtcdLease lease = 0;
};

struct EtcdRange {
  std::string key;
  std::string end = {};   // behind the last key; empty: that one key
  std::size_t limit = 0;  // 0: all
};
// All keys that begin with it, which must not be empty.
EtcdRange range_of_prefix(std::string_view prefix);

struct EtcdPage {
  std::vector<EtcdItem> items;  // by key
  EtcdRevision revision = 0;    // of etcd when it answered
  bool has_more = false;
};

// That a key's revision is this one; 0: the key is not there. Of a range: each of its keys, so that
// 0 says that there is none.
struct EtcdCompare {
  enum class Of : std::uint8_t { created, modified };
  std::string key;
  Of of;
  EtcdRevision revision;
  std::string end = {};         // behind the last key; empty: that one key
  bool may_be_earlier = false;  // an earlier revision will do
};

// A value that is put, or keys that are removed.
struct EtcdChange {
  std::string key;
  std::optional<std::string> value;  // nullopt: removed
  std::string end = {};              // of what is removed; empty: that one key
  EtcdLease lease = 0;
};

// All of the changes when all comparisons hold, else none.
struct EtcdTransaction {
  std::vector<EtcdCompare> compares;
  std::vector<EtcdChange> changes;  // never empty
};

struct EtcdOutcome {
  bool has_happened = false;
  EtcdRevision revision = 0;  // of etcd afterwards
  // When it has not happened: what is now under the key of the first change, if anything is.
  std::optional<EtcdItem> found = {};
};

// A piece of news.
struct EtcdEvent {
  EtcdItem item;  // without a value when removed; `modified` is when
  bool is_removed = false;
};

struct EtcdNews {
  std::vector<EtcdEvent> events;
  EtcdRevision revision = 0;
  bool is_canceled = false;
  EtcdRevision compacted = 0;  // what is older is gone: look at all
  std::string reason = {};     // of the cancellation
};

std::string range_body(const EtcdRange& range);
// `invalid` when it is larger than etcd takes.
Result<std::string> transaction_body(const EtcdTransaction& transaction);
std::string watch_body(const EtcdRange& range, EtcdRevision since);
std::string grant_body(std::uint64_t seconds);
std::string lease_body(EtcdLease lease);
Secret login_body(const Secret& user, const Secret& password);

Result<EtcdPage> parse_page(const cloud::JsonDocument& answer);
Result<EtcdOutcome> parse_outcome(const cloud::JsonDocument& answer);
// One line of a watch. `transient` when it is an error or not understood.
Result<EtcdNews> parse_news(std::string_view line);

}  // namespace ccm::fleet
