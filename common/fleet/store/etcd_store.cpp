// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/etcd_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "crypto/verification/serving_rules.h"
#include "fleet/hosts/fleet_reporter.h"
#include "fleet/store/draft.h"
#include "fleet/store/fleet_host.h"
#include "fleet/store/fleet_inbox.h"
#include "fleet/store/fleet_lease.h"
#include "fleet/store/head_change.h"
#include "store/entry_name.h"
#include "store/file_store/file_reader.h"
#include "store/file_store/file_store.h"
#include "store/forgetting.h"
#include "store/staging.h"

namespace ccm::fleet {
namespace {

using store::Lease;
using store::VersionNumber;

// In one transaction; the rest follows in the next one.
constexpr std::size_t kMostRemovedAtOnce = 40;

class EtcdStore final : public store::Store, public store::FileReader {
 public:
  EtcdStore(FleetOptions options, FleetHost::Parts parts)
      : FileReader(options.state_path),
        options_(std::move(options)),
        host_(std::move(parts), *this),
        inbox_(host_, FileReader::state_path()),
        reporter_(host_, {.id = options_.host_id, .name = options_.host},
                  {.state_path = options_.state_path, .roster = *options_.roster}) {}

  void start() override {
    host_.start();
    reporter_.start();
  }

  Result<store::VersionInfo> install(const Lease& lease, const policy::Admission& admission,
                                     const store::Installation& installation) override;
  Result<void> restore(const Lease& lease, const policy::Admission& admission,
                       VersionNumber version) override;
  Result<void> prune(const Lease& lease, const std::string& name, unsigned keep) override;
  Result<void> keep_response(const Lease& lease, const std::string& name, VersionNumber version,
                             std::span<const std::byte> der) override;
  Result<std::uint64_t> write_record(const Lease& lease, std::string_view name,
                                     std::string_view kind, const Secret& value,
                                     std::uint64_t expected) override;
  Result<void> remove_record(const Lease& lease, std::string_view name,
                             std::string_view kind) override;
  Result<void> forget(const Lease& lease, const std::string& name, store::Keep keep) override;
  Result<void> append_event(const Event& event) override {
    return host_.files().append_event(event);
  }
  store::Inbox& inbox() noexcept override { return inbox_; }
  Result<std::vector<crypto::KeyPair>> operator_keys() const override {
    return host_.files().operator_keys();
  }
  Result<std::unique_ptr<Lease>> try_lead() override;

 private:
  Result<void> hear_the_others();
  Draft new_draft() const { return {host_.layout(), host_.keys()}; }
  Result<void> check_expected(const std::string& name, VersionNumber expected) const;
  Result<Head> begin_head(const std::string& name, Draft& draft) {
    return fleet::begin_head(host_, *this, name, draft);
  }
  Result<void> commit_head(const Lease& lease, const std::string& name, Head head, Draft draft) {
    return fleet::commit_head(host_, lease, name, std::move(head), std::move(draft));
  }
  void drop_superseded(const std::string& name, Head& head, unsigned keep, Draft& draft) const;

  const FleetOptions options_;
  mutable FleetHost host_;
  FleetInbox inbox_;
  FleetReporter reporter_;
  EtcdRevision last_token_ = 0;  // of the last lease; under the host's lock
};

// Decides as the file store does: by `current` or, when that version is damaged, by the version
// that load() gave instead.
Result<void> EtcdStore::check_expected(const std::string& name, VersionNumber expected) const {
  if (expected == current_version(name)) return {};
  const Result<Loaded> loaded = load(name);
  if (!loaded) return fail(loaded.error());
  if (expected == (loaded->certificate ? loaded->certificate->info.number : 0)) return {};
  return fail(ErrorKind::transient, "the installed version changed in the meantime");
}

void EtcdStore::drop_superseded(const std::string& name, Head& head, unsigned keep,
                                Draft& draft) const {
  const VersionNumber staged = store::staged_version(*this, name);
  std::vector<VersionNumber> previous;
  for (const Head::Version& version : head.versions) {
    const bool is_needed = version.number == head.current || version.number == staged;
    if (!is_needed) previous.push_back(version.number);
  }
  std::sort(previous.begin(), previous.end());
  const std::size_t surplus = previous.size() > keep ? previous.size() - keep : 0;
  previous.resize(std::min(surplus, kMostRemovedAtOnce));
  for (const VersionNumber number : previous) {
    std::erase_if(head.versions,
                  [&](const Head::Version& version) { return version.number == number; });
    draft.remove_version(name, number);
  }
}

Result<store::VersionInfo> EtcdStore::install(const Lease& lease,
                                              const policy::Admission& admission,
                                              const store::Installation& installation) {
  const std::string& name = admission.name();
  if (Result<void> checked = store::check_entry_name(name); !checked) {
    return pass(std::move(checked));
  }
  const crypto::Certificate& leaf = installation.bundle.leaf();
  if (!admission.is_for(leaf)) return store::refuse_admission(admission);
  const auto held = host_.lock();
  Result<void> done = check_expected(name, installation.expected);
  if (!done) return pass(std::move(done));
  Draft draft = new_draft();
  Result<Head> head = begin_head(name, draft);
  if (!head) return pass(std::move(head));
  store::VersionInfo info{.number = ++head->highest,
                          .installed_at = installation.now,
                          .not_before = leaf.not_before(),
                          .not_after = leaf.not_after(),
                          .fingerprint = leaf.fingerprint(),
                          .serial = leaf.serial(),
                          .origin = installation.origin,
                          .rules = crypto::kServingRules};
  if (!installation.waits) head->current = info.number;
  head->versions.push_back({.number = info.number,
                            .fingerprint = info.fingerprint,
                            .response = response_digest(installation.ocsp_response)});
  draft.put_version(name, installation.bundle, info, installation.ocsp_response);
  if (!installation.waits) drop_superseded(name, *head, installation.keep, draft);
  done = commit_head(lease, name, *std::move(head), std::move(draft));
  if (!done) return pass(std::move(done));
  return info;
}

Result<void> EtcdStore::restore(const Lease& lease, const policy::Admission& admission,
                                VersionNumber version) {
  const std::string& name = admission.name();
  if (Result<void> checked = store::check_entry_name(name); !checked) return checked;
  const auto held = host_.lock();
  Result<store::StoredCertificate> wanted = load_version(name, version);
  if (!wanted) {
    return fail(std::move(wanted)
                    .error()
                    .with_kind(ErrorKind::rejected)
                    .with_context(fmt::format("restore version {} of \"{}\"", version, name)));
  }
  if (!admission.is_for(wanted->bundle.leaf())) return store::refuse_admission(admission);
  Draft draft = new_draft();
  Result<Head> head = begin_head(name, draft);
  if (!head) return pass(std::move(head));
  if (head->find(version) == nullptr) {
    return fail(ErrorKind::rejected,
                fmt::format("the fleet has no version {} of \"{}\" any more", version, name));
  }
  head->current = version;
  return commit_head(lease, name, *std::move(head), std::move(draft));
}

Result<void> EtcdStore::prune(const Lease& lease, const std::string& name, unsigned keep) {
  if (Result<void> checked = store::check_entry_name(name); !checked) return checked;
  const auto held = host_.lock();
  // Called for every certificate at the start, so etcd is not asked when there is nothing to do.
  if (versions(name).size() <= keep + std::size_t{1}) return {};
  if (Result<void> allowed = host_.check_lease(lease); !allowed) return allowed;
  // When the current version is damaged, an older one is served.
  const Result<Loaded> loaded = load(name);
  if (!loaded || !loaded->certificate || loaded->damage) return {};
  Draft draft = new_draft();
  Result<Head> head = begin_head(name, draft);
  if (!head) return pass(std::move(head));
  drop_superseded(name, *head, keep, draft);
  return commit_head(lease, name, *std::move(head), std::move(draft));
}

Result<void> EtcdStore::keep_response(const Lease& lease, const std::string& name,
                                      VersionNumber version, std::span<const std::byte> der) {
  if (Result<void> checked = store::check_entry_name(name); !checked) return checked;
  const auto held = host_.lock();
  Draft draft = new_draft();
  Result<Head> head = begin_head(name, draft);
  if (!head) return pass(std::move(head));
  Head::Version* kept = head->find(version);
  if (kept == nullptr) {
    return fail(ErrorKind::rejected,
                fmt::format("certificate \"{}\" has no version {} any more", name, version));
  }
  if (kept->response == response_digest(der)) return host_.check_lease(lease);
  kept->response = response_digest(der);
  const std::string key = host_.layout().response(name, version);
  if (der.empty()) {
    draft.remove(key);
  } else {
    draft.put(key, Secret::copy_of(der));
  }
  return commit_head(lease, name, *std::move(head), std::move(draft));
}

Result<std::uint64_t> EtcdStore::write_record(const Lease& lease, std::string_view name,
                                              std::string_view kind, const Secret& value,
                                              std::uint64_t expected) {
  if (Result<std::string> path = records_path(name, kind); !path) return pass(std::move(path));
  const auto held = host_.lock();
  const Result<std::optional<store::StoredRecord>> stored = read_record(name, kind);
  if (!stored && stored.error().kind() != ErrorKind::invalid) return fail(stored.error());
  const std::uint64_t version = stored && *stored ? (*stored)->version : 0;
  if (version != expected) {
    return fail(ErrorKind::transient,
                fmt::format("write record {}: it changed in the meantime", kind));
  }
  Draft draft = new_draft();
  const std::string key = host_.layout().record(name, kind);
  draft.expect(key, host_.mirror().modified(key));
  const std::uint64_t next = host_.mirror().next_version(version);
  draft.put(key, serialize(value, next));
  Result<EtcdTransaction> transaction = std::move(draft).take();
  if (!transaction) return pass(std::move(transaction));
  if (Result<void> done = host_.commit(*std::move(transaction), &lease); !done) {
    return pass(std::move(done));
  }
  return next;
}

Result<void> EtcdStore::remove_record(const Lease& lease, std::string_view name,
                                      std::string_view kind) {
  if (Result<std::string> path = records_path(name, kind); !path) return pass(std::move(path));
  const auto held = host_.lock();
  Draft draft = new_draft();
  draft.remove(host_.layout().record(name, kind));
  Result<EtcdTransaction> transaction = std::move(draft).take();
  if (!transaction) return pass(std::move(transaction));
  return host_.commit(*std::move(transaction), &lease);
}

Result<void> EtcdStore::forget(const Lease& lease, const std::string& name, store::Keep keep) {
  if (Result<void> checked = store::check_entry_name(name); !checked) return checked;
  const auto held = host_.lock();
  const FleetLayout& layout = host_.layout();
  const FleetMirror::KnownHead known = host_.mirror().head_of(name);
  const std::set<std::string> kinds = host_.mirror().kinds_of(name);
  if (known.head.versions.empty() && kinds.empty() && versions(name).empty()) {
    if (Result<void> allowed = host_.check_lease(lease); !allowed) return allowed;
    return fail(ErrorKind::rejected, fmt::format("the fleet has no certificate \"{}\"", name));
  }
  Draft draft = new_draft();
  if (keep == store::Keep::versions) {
    for (const std::string& kind : kinds) {
      if (kind != store::kForgotten) draft.remove(layout.record(name, kind));
    }
    draft.remove(layout.grant(name));
    draft.put(layout.record(name, store::kForgotten),
              serialize(Secret(), host_.mirror().next_version(0)));
    Result<EtcdTransaction> transaction = std::move(draft).take();
    if (!transaction) return pass(std::move(transaction));
    return host_.commit(*std::move(transaction), &lease);
  }
  draft.expect(layout.head(name), known.modified);
  draft.remove_all(layout.shelf(Shelf::version, name));
  draft.remove_all(layout.shelf(Shelf::response, name));
  draft.remove_all(layout.shelf(Shelf::record, name));
  draft.remove(layout.grant(name));
  // Hosts that hear of it later see from the head that remains that it was forgotten.
  return commit_head(lease, name, {.sequence = known.head.sequence + 1}, std::move(draft));
}

// If etcd does not let this host read the others' settings, every host would lead in turn, and none
// for long.
Result<void> EtcdStore::hear_the_others() {
  Result<void> done = reporter_.hear_the_others(host_.keys());
  if (done || done.error().is_retryable()) return done;
  host_.log().warn(
      "fleet: this host leads, but cannot read what the others name ({}); certificates that it "
      "does not name itself are not looked after",
      done.error().message());
  return {};
}

Result<std::unique_ptr<Lease>> EtcdStore::try_lead() {
  const auto held = host_.lock();
  const Result<bool> is_ready = host_.is_ready_to_lead();
  if (!is_ready) return fail(is_ready.error());
  if (!*is_ready || host_.is_led_by_another(last_token_)) return std::unique_ptr<Lease>();
  Result<std::unique_ptr<Lease>> lease = acquire_fleet_lease(host_.etcd(), host_.layout(),
                                                             {.who = host_.self(),
                                                              .life = options_.lease_life,
                                                              .last_token = last_token_,
                                                              .may_lead = host_.may_lead()});
  if (!lease || *lease == nullptr) return lease;
  last_token_ = (*lease)->fencing_token();
  // The last writes of the leader before may not have been heard of yet.
  Result<void> done = host_.catch_up();
  if (done) done = hear_the_others();
  if (done) done = adopt_copy(host_, *this, **lease);
  if (!done) return pass(std::move(done));
  return lease;
}

}  // namespace

Result<std::unique_ptr<store::Store>> open_etcd_store(FleetOptions options,
                                                      std::shared_ptr<EtcdClient> etcd,
                                                      KeySource read_keys, Log& log) {
  Result<FleetLayout> layout = FleetLayout::make(options.fleet);
  if (!layout) return pass(std::move(layout));
  Result<std::unique_ptr<store::Store>> files = store::open_file_store(options.state_path);
  if (!files) return files;
  FleetHost::Parts parts{.etcd = std::move(etcd),
                         .layout = *std::move(layout),
                         .self = {.id = options.host_id, .name = options.host},
                         .read_keys = std::move(read_keys),
                         .files = *std::move(files),
                         .state_path = options.state_path,
                         .log = log};
  return std::unique_ptr<store::Store>(
      std::make_unique<EtcdStore>(std::move(options), std::move(parts)));
}

}  // namespace ccm::fleet
