// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_order.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "store/keyed_record.h"

namespace ccm::sources {
namespace {

constexpr std::array<std::string_view, 5> kSteps{"chosen", "sent", "applied", "stopped", "closing"};
constexpr std::size_t kProofParts = 4;

std::string count_of(Time time) {
  return std::to_string(time.time_since_epoch().count());
}

void add_list(Record& record, std::string_view key, const std::vector<std::string>& values) {
  for (const std::string& value : values) record.add(key, value);
}

std::vector<std::string> read_list(const Record& record, std::string_view key) {
  std::vector<std::string> values;
  for (const std::string_view value : record.find_all(key)) values.emplace_back(value);
  return values;
}

std::string read_text(const Record& record, std::string_view key) {
  return std::string(record.find(key).value_or(""));
}

// Four values after one another for each.
void add_proofs(Record& record, const std::vector<cloud::ScmProof>& proofs) {
  for (const cloud::ScmProof& proof : proofs) {
    for (const std::string* part :
         {&proof.domain, &proof.record_type, &proof.record_name, &proof.record_value}) {
      record.add("placed", *part);
    }
  }
}

std::vector<cloud::ScmProof> parse_placed(const Record& record) {
  const std::vector<std::string> parts = read_list(record, "placed");
  std::vector<cloud::ScmProof> proofs;
  for (std::size_t at = 0; at + kProofParts <= parts.size(); at += kProofParts) {
    proofs.push_back({.domain = parts[at],
                      .record_type = parts[at + 1],
                      .record_name = parts[at + 2],
                      .record_value = parts[at + 3]});
  }
  return proofs;
}

}  // namespace

std::string_view to_string(OrderStep step) noexcept {
  return kSteps[static_cast<std::size_t>(step)];
}

void ScmOrder::enter(OrderStep next, Time now) {
  if (step != next) step_since = now;
  step = next;
}

Result<Secret> serialize(const ScmOrder& order) {
  store::KeyedRecord keyed{{}, order.key};
  Record& record = keyed.record;
  record.add("step", to_string(order.step));
  record.add("certificate_id", order.certificate_id);
  add_list(record, "name", order.names);
  record.add("csr", order.csr);
  record.add("method", order.method);
  record.add("is_ours", order.is_ours ? "1" : "0");
  record.add("begun", count_of(order.begun));
  record.add("step_since", count_of(order.step_since));
  record.add("status", order.status);
  record.add("reason", order.reason);
  record.add("spec_fingerprint", order.spec_fingerprint);
  add_list(record, "unfit", order.unfit);
  add_proofs(record, order.placed);
  if (order.dns_way) record.add("dns_way", to_string(*order.dns_way));
  record.add("is_set_up", order.is_set_up ? "1" : "0");
  if (order.lacks_proof) record.add("lacks_proof", "1");
  record.add("is_late", order.is_late ? "1" : "0");
  Result<Secret> text = serialize(keyed);
  if (!text) return fail_with(std::move(text), "the key of an order");
  return text;
}

Result<ScmOrder> parse_scm_order(const Secret& text) {
  Result<store::KeyedRecord> keyed = store::parse_keyed_record(text);
  if (!keyed) return fail_with(std::move(keyed), "an order");
  const Record& record = keyed->record;
  const auto step = std::find(kSteps.begin(), kSteps.end(), record.find("step").value_or(""));
  const auto begun = record.find_number("begun");
  const auto since = record.find_number("step_since");
  const auto id = record.find("certificate_id");
  if (step == kSteps.end() || !begun || !since || !id || id->empty()) {
    return fail(ErrorKind::invalid, "the order lacks a field");
  }
  return ScmOrder{.step = static_cast<OrderStep>(step - kSteps.begin()),
                  .certificate_id = std::string(*id),
                  .names = read_list(record, "name"),
                  .key = std::move(keyed->key),
                  .csr = read_text(record, "csr"),
                  .method = read_text(record, "method"),
                  .is_ours = record.find("is_ours") != "0",
                  .begun = Time(Seconds(*begun)),
                  .step_since = Time(Seconds(*since)),
                  .status = read_text(record, "status"),
                  .reason = read_text(record, "reason"),
                  .spec_fingerprint = read_text(record, "spec_fingerprint"),
                  .unfit = read_list(record, "unfit"),
                  .placed = parse_placed(record),
                  .dns_way = config::find_dns_way(record.find("dns_way").value_or("")),
                  .is_set_up = record.find("is_set_up") == "1",
                  .lacks_proof = record.find("lacks_proof") == "1",
                  .is_late = record.find("is_late") == "1"};
}

Result<std::optional<ScmOrder>> read_scm_order(const store::StoreReader& store,
                                               const std::string& name) {
  Result<std::optional<store::StoredRecord>> record = store.read_record(name, kScmOrderKind);
  if (!record) return fail_with(std::move(record), "the order");
  if (!*record) return std::optional<ScmOrder>();
  Result<ScmOrder> order = parse_scm_order((*record)->value);
  if (!order) return pass(std::move(order));
  order->version = (*record)->version;
  return std::optional<ScmOrder>(std::move(*order));
}

Result<void> write_scm_order(store::Store& store, const store::Lease& lease,
                             const std::string& name, ScmOrder& order) {
  Result<Secret> text = serialize(order);
  if (!text) return pass(std::move(text));
  Result<std::uint64_t> version =
      store.write_record(lease, name, kScmOrderKind, *text, order.version);
  if (!version) return fail_with(std::move(version), "write down the order");
  order.version = *version;
  return {};
}

Result<void> remove_scm_order(store::Store& store, const store::Lease& lease,
                              const std::string& name) {
  Result<void> removed = store.remove_record(lease, name, kScmOrderKind);
  if (!removed) return fail_with(std::move(removed), "remove the order");
  return {};
}

}  // namespace ccm::sources
