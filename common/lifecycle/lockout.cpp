// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lockout.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kRefusalsBeforeSilence = 2;
constexpr std::int64_t kMostRefusals = 4;  // with two probes
constexpr Seconds kProbeInterval = 1h;
constexpr std::string_view kMainRecord = "lockout";

struct Refusals {
  std::string fingerprint;
  std::int64_t count = 0;
  Time last{};  // of the last refusal or probe
  std::string reason;
};

Secret serialize(const Refusals& refusals) {
  Record record;
  record.add("fingerprint", refusals.fingerprint);
  record.add("refusals", std::to_string(refusals.count));
  record.add("last", std::to_string(refusals.last.time_since_epoch().count()));
  record.add("reason", refusals.reason);
  return Secret::copy_of(record.serialize());
}

std::optional<Refusals> parse_refusals(std::string_view text) {
  const Result<Record> record = Record::parse(text);
  if (!record) return std::nullopt;
  const auto fingerprint = record->find("fingerprint");
  const auto count = record->find_number("refusals");
  const auto last = record->find_number("last");
  if (!fingerprint || !count || !last) return std::nullopt;
  return Refusals{.fingerprint = std::string(*fingerprint),
                  .count = *count,
                  .last = Time(Seconds(*last)),
                  .reason = std::string(record->find("reason").value_or(""))};
}

class StoreLockoutGuard final : public cloud::LockoutGuard {
 public:
  StoreLockoutGuard(store::Store& store, const store::Lease& lease, const Clock& clock,
                    std::string kind)
      : store_(store), lease_(lease), clock_(clock), kind_(std::move(kind)) {}

  Result<void> may_try(std::string_view fingerprint) override {
    const std::lock_guard lock(mutex_);
    load();
    if (refusals_.fingerprint != fingerprint || refusals_.count < kRefusalsBeforeSilence) return {};
    const Time now = clock_.now();
    // A clock that was set back must not stop all calls for years: wrong clocks are a cause of
    // refusals.
    const bool has_waited = now >= refusals_.last + kProbeInterval || now < refusals_.last;
    if (refusals_.count >= kMostRefusals || !has_waited) return fail(explanation());
    // Written before the call, so that a crash during the call does not allow another one.
    refusals_.last = now;
    save();
    return {};
  }

  void refused(std::string_view fingerprint, std::string_view reason) override {
    const std::lock_guard lock(mutex_);
    load();
    if (refusals_.fingerprint != fingerprint) {
      refusals_ = Refusals{};
      refusals_.fingerprint = fingerprint;
    }
    ++refusals_.count;
    refusals_.last = clock_.now();
    refusals_.reason = printable(reason);
    save();
  }

  void accepted(std::string_view fingerprint) override {
    const std::lock_guard lock(mutex_);
    load();
    if (refusals_.count == 0 || refusals_.fingerprint != fingerprint) return;
    refusals_ = Refusals{};
    save();
  }

 private:
  void load() {
    if (is_loaded_) return;
    is_loaded_ = true;
    const Result<std::optional<store::StoredRecord>> record =
        store_.read_record(store::kStoreWide, kind_);
    if (!record || !*record) return;
    version_ = (*record)->version;
    if (auto refusals = parse_refusals((*record)->value.reveal())) refusals_ = std::move(*refusals);
  }

  // When the store cannot be written, the guard still works but forgets on a restart.
  void save() {
    if (write()) return;
    // The stored version may differ: a write may have failed at its end, the record could not be
    // read at first, or the operator has removed it.
    const Result<std::optional<store::StoredRecord>> record =
        store_.read_record(store::kStoreWide, kind_);
    version_ = record && *record ? (*record)->version : 0;
    if (record && *record) learn(parse_refusals((*record)->value.reveal()));
    static_cast<void>(write());
  }

  bool write() {
    const Result<std::uint64_t> version =
        store_.write_record(lease_, store::kStoreWide, kind_, serialize(refusals_), version_);
    if (version) version_ = *version;
    return version.has_value();
  }

  // Refusals of these credentials that we did not know of count as well.
  void learn(const std::optional<Refusals>& stored) {
    if (!stored || stored->fingerprint != refusals_.fingerprint) return;
    refusals_.count = std::max(refusals_.count, stored->count);
  }

  Error explanation() const {
    const std::string next =
        refusals_.count < kMostRefusals
            ? fmt::format("before {}", format_time(refusals_.last + kProbeInterval))
            : std::string("any more");
    return Error(ErrorKind::unauthorized,
                 fmt::format("the credentials were refused {} times in a row (last answer: {}) and "
                             "are not tried {}, because the cloud locks a key after five: correct "
                             "them, or remove records/lockout below the state path when the fault "
                             "was in the cloud, and reload the server",
                             refusals_.count, refusals_.reason, next));
  }

  store::Store& store_;
  const store::Lease& lease_;
  const Clock& clock_;
  std::string kind_;  // of the record
  std::mutex mutex_;
  bool is_loaded_ = false;
  Refusals refusals_;
  std::uint64_t version_ = 0;
};

}  // namespace

bool were_refused(const store::StoreReader& store, std::string_view fingerprint) {
  const auto record = store.read_record(store::kStoreWide, kMainRecord);
  if (!record || !*record) return false;
  const auto refusals = parse_refusals((*record)->value.reveal());
  return refusals && refusals->fingerprint == fingerprint && refusals->count > 0;
}

std::unique_ptr<cloud::LockoutGuard> make_store_lockout_guard(store::Store& store,
                                                              const store::Lease& lease,
                                                              const Clock& clock,
                                                              std::string kind) {
  return std::make_unique<StoreLockoutGuard>(store, lease, clock, std::move(kind));
}

}  // namespace ccm::lifecycle
