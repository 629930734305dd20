// SPDX-License-Identifier: Apache-2.0
// Requests to etcd's JSON gateway (version 3) and its answers. The gateway ignores a field that it
// does not know, so a misspelt comparison would become a write without one. Therefore every body is
// made here and nowhere else, and the tests compare it letter by letter.
//
// Keys and values are bytes, which travel in base64. An answer may leave out whatever is zero or
// false. Pure functions.
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

// Of the whole etcd; grows with each transaction that changes something. 0: none.
using EtcdRevision = std::uint64_t;
using EtcdLease = std::uint64_t;  // 0: none

// The limit of etcd's default settings.
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

// A condition: the key has this revision; 0: there is no such key. For a range: each of its keys
// has it; 0: there is none.
struct EtcdCompare {
  enum class Of : std::uint8_t { created, modified };
  std::string key;
  Of of;
  EtcdRevision revision;
  std::string end = {};         // after the last key; empty: that one key
  bool may_be_earlier = false;  // an earlier revision is also right
};

// A value to put, or keys to remove.
struct EtcdChange {
  std::string key;
  std::optional<std::string> value;  // nullopt: removed
  std::string end = {};              // for removal, after the last key; empty: that one key
  EtcdLease lease = 0;
};

// All changes happen when all comparisons are true, otherwise none.
struct EtcdTransaction {
  std::vector<EtcdCompare> compares;
  std::vector<EtcdChange> changes;  // never empty
};

struct EtcdOutcome {
  bool has_happened = false;
  EtcdRevision revision = 0;  // of etcd afterwards
  // When the transaction has not happened: the present item under the key of the first change.
  std::optional<EtcdItem> found = {};
};

// A piece of news.
struct EtcdEvent {
  EtcdItem item;  // when removed: no value, and `modified` is the revision of that
  bool is_removed = false;
};

struct EtcdNews {
  std::vector<EtcdEvent> events;
  EtcdRevision revision = 0;
  bool is_canceled = false;
  EtcdRevision compacted = 0;  // older revisions are gone: read everything
  std::string reason = {};     // of the cancellation
};

std::string range_body(const EtcdRange& range);
// `invalid` when it is larger than etcd accepts.
Result<std::string> transaction_body(const EtcdTransaction& transaction);
std::string watch_body(const EtcdRange& range, EtcdRevision since);
std::string grant_body(std::uint64_t seconds);
std::string lease_body(EtcdLease lease);
Secret login_body(const Secret& user, const Secret& password);

Result<EtcdPage> parse_page(const cloud::JsonDocument& answer);
Result<EtcdOutcome> parse_outcome(const cloud::JsonDocument& answer);
// One line of a watch. `transient` when it is an error or malformed.
Result<EtcdNews> parse_news(std::string_view line);

}  // namespace ccm::fleet
