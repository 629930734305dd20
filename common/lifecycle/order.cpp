#include "lifecycle/order.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace ccm::lifecycle {
namespace {

constexpr std::string_view kKind = "order";
constexpr std::string_view kKeyMark = "\n\n";

Secret concatenate(std::string_view head, std::string_view tail) {
  Secret whole = Secret::of_size(head.size() + tail.size());
  const std::span<std::byte> bytes = whole.mutable_bytes();
  const auto to_byte = [](char c) { return static_cast<std::byte>(c); };
  const auto middle = std::transform(head.begin(), head.end(), bytes.begin(), to_byte);
  std::transform(tail.begin(), tail.end(), middle, to_byte);
  return whole;
}

}  // namespace

Result<Secret> serialize(const Order& order) {
  Record record;
  record.add("created_at", std::to_string(order.created_at.time_since_epoch().count()));
  record.add("certificate_id", order.certificate_id);
  record.add("spec_fingerprint", order.spec_fingerprint);
  const std::string head = record.serialize() + "\n";
  if (!order.key) return concatenate(head, {});
  Result<Secret> key = order.key->to_pem();
  if (!key) return fail_with(std::move(key), "the key of an order");
  return concatenate(head, key->reveal());
}

Result<Order> parse_order(const Secret& text) {
  const std::string_view whole = text.reveal();
  const std::size_t mark = whole.find(kKeyMark);
  if (mark == std::string_view::npos) {
    return fail(ErrorKind::invalid, "the order has no end of its header");
  }
  Result<Record> record = Record::parse(whole.substr(0, mark));
  if (!record) return pass(std::move(record));
  const auto created_at = record->find_number("created_at");
  const auto id = record->find("certificate_id");
  const auto fingerprint = record->find("spec_fingerprint");
  if (!created_at || !id || !fingerprint) {
    return fail(ErrorKind::invalid, "the order lacks a field");
  }
  Order order{.key = std::nullopt,
              .created_at = Time(Seconds(*created_at)),
              .certificate_id = std::string(*id),
              .spec_fingerprint = std::string(*fingerprint)};
  const std::string_view pem = whole.substr(mark + kKeyMark.size());
  if (pem.empty()) return order;
  Result<crypto::KeyPair> key = crypto::KeyPair::parse_pem(pem);
  if (!key) return fail_with(std::move(key), "the key of an order");
  order.key = std::move(*key);
  return order;
}

Result<std::optional<Order>> read_order(Store& store, const Lease& lease, const std::string& name) {
  Result<std::optional<StoredRecord>> record = store.read_record(name, kKind);
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

Result<void> write_order(Store& store, const Lease& lease, const std::string& name, Order& order) {
  Result<Secret> text = serialize(order);
  if (!text) return pass(std::move(text));
  Result<std::uint64_t> version = store.write_record(lease, name, kKind, *text, order.version);
  if (!version) return fail_with(std::move(version), "write down the order");
  order.version = *version;
  return {};
}

Result<void> remove_order(Store& store, const Lease& lease, const std::string& name) {
  Result<void> removed = store.remove_record(lease, name, kKind);
  if (!removed) return fail_with(std::move(removed), "remove the order");
  return {};
}

}  // namespace ccm::lifecycle
