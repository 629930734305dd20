// SPDX-License-Identifier: Apache-2.0
#include "sources/pca/order.h"

#include <string_view>
#include <utility>

#include "store/keyed_record.h"

namespace ccm::sources {
namespace {

constexpr std::string_view kOrderKind = "order";

}  // namespace

Result<Secret> serialize(const Order& order) {
  store::KeyedRecord keyed{{}, order.key};
  keyed.record.add("created_at", std::to_string(order.created_at.time_since_epoch().count()));
  keyed.record.add("certificate_id", order.certificate_id);
  keyed.record.add("spec_fingerprint", order.spec_fingerprint);
  Result<Secret> text = serialize(keyed);
  if (!text) return fail_with(std::move(text), "the key of an order");
  return text;
}

Result<Order> parse_order(const Secret& text) {
  Result<store::KeyedRecord> keyed = store::parse_keyed_record(text);
  if (!keyed) return fail_with(std::move(keyed), "an order");
  const Record& record = keyed->record;
  const auto created_at = record.find_number("created_at");
  const auto id = record.find("certificate_id");
  const auto fingerprint = record.find("spec_fingerprint");
  if (!created_at || !id || !fingerprint) {
    return fail(ErrorKind::invalid, "the order lacks a field");
  }
  return Order{.key = std::move(keyed->key),
               .created_at = Time(Seconds(*created_at)),
               .certificate_id = std::string(*id),
               .spec_fingerprint = std::string(*fingerprint)};
}

Result<std::optional<Order>> read_order(store::Store& store, const store::Lease& lease,
                                        const std::string& name) {
  Result<std::optional<store::StoredRecord>> record = store.read_record(name, kOrderKind);
  if (!record && record.error().kind() != ErrorKind::invalid) return pass(std::move(record));
  if (record && !*record) return std::optional<Order>();
  if (record) {
    if (Result<Order> order = parse_order((*record)->value)) {
      order->version = (*record)->version;
      return std::optional<Order>(std::move(*order));
    }
  }
  if (Result<void> removed = remove_order(store, lease, name); !removed) {
    return pass(std::move(removed));
  }
  return std::optional<Order>();
}

Result<void> write_order(store::Store& store, const store::Lease& lease, const std::string& name,
                         Order& order) {
  Result<Secret> text = serialize(order);
  if (!text) return pass(std::move(text));
  Result<std::uint64_t> version = store.write_record(lease, name, kOrderKind, *text, order.version);
  if (!version) return fail_with(std::move(version), "write down the order");
  order.version = *version;
  return {};
}

Result<void> remove_order(store::Store& store, const store::Lease& lease, const std::string& name) {
  Result<void> removed = store.remove_record(lease, name, kOrderKind);
  if (!removed) return fail_with(std::move(removed), "remove the order");
  return {};
}

}  // namespace ccm::sources
