// SPDX-License-Identifier: Apache-2.0
#include "fleet/etcd/etcd_messages.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "crypto/certificate/pem_block.h"
#include "fleet/etcd/etcd_errors.h"

namespace ccm::fleet {
namespace {

using cloud::JsonObject;
using cloud::JsonView;

std::string base64(std::string_view bytes) {
  return crypto::encode_base64(std::as_bytes(std::span(bytes)));
}

std::string decimal(std::uint64_t number) {
  return fmt::format("{}", number);
}

Result<std::string> bytes_of(JsonView value) {
  const Secret text = value.secret();
  if (text.empty()) return std::string();
  const Result<Secret> bytes = crypto::decode_base64(text.reveal());
  if (!bytes) return fail(ErrorKind::transient, "etcd's answer holds bytes that are not base64");
  return std::string(bytes->reveal());
}

std::uint64_t number_of(JsonView value) {
  const auto number = value.integer();
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

Result<EtcdItem> item_of(JsonView value) {
  Result<std::string> key = bytes_of(value["key"]);
  if (!key) return pass(std::move(key));
  Result<std::string> content = bytes_of(value["value"]);
  if (!content) return pass(std::move(content));
  return EtcdItem{.key = *std::move(key),
                  .value = *std::move(content),
                  .created = number_of(value["create_revision"]),
                  .modified = number_of(value["mod_revision"]),
                  .lease = number_of(value["lease"])};
}

// Contains only base64 and numbers, so it fails only without memory.
std::string text_of(const JsonObject& object) {
  return object.dump().value_or(std::string());
}

JsonObject range_object(const EtcdRange& range) {
  JsonObject object;
  object.set("key", base64(range.key));
  if (!range.end.empty()) object.set("range_end", base64(range.end));
  if (range.limit != 0) object.set("limit", decimal(range.limit));
  return object;
}

JsonObject compare_object(const EtcdCompare& compare) {
  const bool is_created = compare.of == EtcdCompare::Of::created;
  JsonObject object;
  // "Not later than this revision" is written as "before the next one".
  const EtcdRevision revision = compare.revision + (compare.may_be_earlier ? 1 : 0);
  object.set("key", base64(compare.key))
      .set("target", is_created ? "CREATE" : "MOD")
      .set("result", compare.may_be_earlier ? "LESS" : "EQUAL")
      .set(is_created ? "create_revision" : "mod_revision", decimal(revision));
  if (!compare.end.empty()) object.set("range_end", base64(compare.end));
  return object;
}

JsonObject change_object(const EtcdChange& change) {
  JsonObject inner;
  inner.set("key", base64(change.key));
  JsonObject object;
  if (!change.value) {
    if (!change.end.empty()) inner.set("range_end", base64(change.end));
    object.set_object("request_delete_range", std::move(inner));
    return object;
  }
  inner.set("value", base64(*change.value));
  if (change.lease != 0) inner.set("lease", decimal(change.lease));
  object.set_object("request_put", std::move(inner));
  return object;
}

}  // namespace

EtcdRange range_of_prefix(std::string_view prefix) {
  EtcdRange range{.key = std::string(prefix), .end = std::string(prefix)};
  // Our prefixes end in "/", so that the last byte never overflows.
  range.end.back() = static_cast<char>(range.end.back() + 1);
  return range;
}

std::string range_body(const EtcdRange& range) {
  return text_of(range_object(range));
}

Result<std::string> transaction_body(const EtcdTransaction& transaction) {
  std::vector<JsonObject> compares;
  for (const EtcdCompare& compare : transaction.compares) {
    compares.push_back(compare_object(compare));
  }
  std::vector<JsonObject> changes;
  std::size_t size = 0;
  for (const EtcdChange& change : transaction.changes) {
    changes.push_back(change_object(change));
    size += change.key.size() + (change.value ? change.value->size() : 0);
  }
  if (changes.empty() || changes.size() > kMostOperations || size > kMostRequestBytes) {
    return fail(ErrorKind::invalid,
                fmt::format("{} changes of {} bytes do not fit into one transaction of etcd, which "
                            "takes {} of {} bytes",
                            changes.size(), size, kMostOperations, kMostRequestBytes));
  }
  JsonObject found;
  found.set_object("request_range", range_object({.key = transaction.changes.front().key}));
  std::vector<JsonObject> otherwise;
  otherwise.push_back(std::move(found));
  JsonObject object;
  object.set_objects("compare", std::move(compares))
      .set_objects("success", std::move(changes))
      .set_objects("failure", std::move(otherwise));
  return object.dump();
}

std::string watch_body(const EtcdRange& range, EtcdRevision since) {
  JsonObject inner = range_object(range);
  inner.set("start_revision", decimal(since)).set_flag("progress_notify", true);
  JsonObject object;
  object.set_object("create_request", std::move(inner));
  return text_of(object);
}

std::string grant_body(std::uint64_t seconds) {
  JsonObject object;
  object.set("TTL", decimal(seconds));
  return text_of(object);
}

std::string lease_body(EtcdLease lease) {
  JsonObject object;
  object.set("ID", decimal(lease));
  return text_of(object);
}

Secret login_body(const Secret& user, const Secret& password) {
  JsonObject object;
  object.set("name", user.reveal()).set("password", password.reveal());
  std::string text = text_of(object);
  return Secret::taken_from(text);
}

Result<EtcdPage> parse_page(const cloud::JsonDocument& answer) {
  EtcdPage page{.items = {},
                .revision = number_of(answer["header"]["revision"]),
                .has_more = answer["more"].text() == "true"};
  if (page.revision == 0) return fail(ErrorKind::transient, "etcd's answer names no revision");
  for (const JsonView value : answer["kvs"].elements()) {
    Result<EtcdItem> item = item_of(value);
    if (!item) return pass(std::move(item));
    page.items.push_back(*std::move(item));
  }
  return page;
}

Result<EtcdOutcome> parse_outcome(const cloud::JsonDocument& answer) {
  EtcdOutcome outcome{.has_happened = answer["succeeded"].text() == "true",
                      .revision = number_of(answer["header"]["revision"])};
  if (outcome.revision == 0) return fail(ErrorKind::transient, "etcd's answer names no revision");
  if (outcome.has_happened) return outcome;
  for (const JsonView response : answer["responses"].elements()) {
    for (const JsonView value : response["response_range"]["kvs"].elements()) {
      Result<EtcdItem> item = item_of(value);
      if (!item) return pass(std::move(item));
      outcome.found = *std::move(item);
    }
  }
  return outcome;
}

Result<EtcdNews> parse_news(std::string_view line) {
  const Result<cloud::JsonDocument> answer = cloud::JsonDocument::parse(line);
  if (!answer) return fail(answer.error());
  const JsonView result = (*answer)["result"];
  if (!result.is_object()) return fail(judge_etcd_answer(0, line));
  EtcdNews news{.events = {},
                .revision = number_of(result["header"]["revision"]),
                .is_canceled = result["canceled"].text() == "true",
                .compacted = number_of(result["compact_revision"]),
                .reason = result["cancel_reason"].text()};
  for (const JsonView value : result["events"].elements()) {
    Result<EtcdItem> item = item_of(value["kv"]);
    if (!item) return pass(std::move(item));
    news.events.push_back(
        {.item = *std::move(item), .is_removed = value["type"].text() == "DELETE"});
  }
  return news;
}

}  // namespace ccm::fleet
