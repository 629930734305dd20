// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/head_change.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/file.h"

namespace ccm::fleet {
namespace {

// Puts this host's own records, such as that of an order in progress; records that the fleet
// already has take precedence. True when there was any.
bool put_own_records(const FleetHost& host, const store::FileReader& copy, const std::string& name,
                     Draft& draft) {
  bool has_any = false;
  const auto kinds = list_directory(copy.certificate_path(name) + "/records", Links::nowhere);
  for (const std::string& kind : kinds.value_or(std::vector<std::string>())) {
    const std::string key = host.layout().record(name, kind);
    if (is_temporary_name(kind) || host.mirror().modified(key) != 0) continue;
    const auto record = copy.read_record(name, kind);
    if (!record || !*record) continue;
    draft.expect(key, 0);
    draft.put(key, serialize((*record)->value, host.mirror().next_version((*record)->version)));
    has_any = true;
  }
  return has_any;
}

Result<void> adopt_one(FleetHost& host, const store::FileReader& copy, const store::Lease& lease,
                       const std::string& name) {
  Draft draft(host.layout(), host.keys());
  Result<Head> head = begin_head(host, copy, name, draft);
  if (!head) return pass(std::move(head));
  const bool has_records = put_own_records(host, copy, name, draft);
  if (!head->versions.empty()) {
    return commit_head(host, lease, name, *std::move(head), std::move(draft));
  }
  if (!has_records) return {};
  Result<EtcdTransaction> transaction = std::move(draft).take();
  if (!transaction) return pass(std::move(transaction));
  return host.commit(*std::move(transaction), &lease);
}

}  // namespace

Result<Head> begin_head(FleetHost& host, const store::FileReader& copy, const std::string& name,
                        Draft& draft) {
  FleetMirror::KnownHead known = host.mirror().head_of(name);
  draft.expect(host.layout().head(name), known.modified);
  Head head = std::move(known.head);
  ++head.sequence;
  if (known.modified != 0 && !known.is_ahead) return head;
  // The state directory is from before the fleet, or etcd has lost the head or has gone back.
  head.versions.clear();
  for (const store::VersionNumber number : copy.versions(name)) {
    head.highest = std::max(head.highest, number);
    const Result<store::StoredCertificate> version = copy.load_version(name, number);
    if (!version) continue;
    draft.put_version(name, version->bundle, version->info, version->ocsp_response);
    head.versions.push_back({.number = number,
                             .fingerprint = version->info.fingerprint,
                             .response = response_digest(version->ocsp_response)});
  }
  head.current = copy.current_version(name);
  if (head.find(head.current) == nullptr && !head.versions.empty()) {
    head.current = head.versions.front().number;
  }
  return head;
}

Result<void> commit_head(FleetHost& host, const store::Lease& lease, const std::string& name,
                         Head head, Draft draft) {
  draft.put_first(host.layout().head(name), Secret::copy_of(serialize(head)));
  Result<EtcdTransaction> transaction = std::move(draft).take();
  if (!transaction) return pass(std::move(transaction));
  return host.commit(*std::move(transaction), &lease);
}

Result<void> adopt_copy(FleetHost& host, const store::FileReader& copy, const store::Lease& lease) {
  Result<std::vector<std::string>> names = copy.names();
  if (!names) return pass(std::move(names));
  for (const std::string& name : *names) {
    const FleetMirror::KnownHead known = host.mirror().head_of(name);
    if (known.modified != 0 && !known.is_ahead) continue;
    const Result<void> done = adopt_one(host, copy, lease, name);
    if (done) continue;
    if (done.error().is_retryable()) return done;
    // A certificate that etcd does not accept must not keep the others from being renewed.
    host.log().warn("fleet: \"{}\" stays on this host alone: {}", name, done.error().message());
  }
  return {};
}

}  // namespace ccm::fleet
