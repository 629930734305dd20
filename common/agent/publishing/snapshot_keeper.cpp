// SPDX-License-Identifier: Apache-2.0
#include "agent/publishing/snapshot_keeper.h"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "base/boundary.h"
#include "crypto/certificate/ocsp.h"
#include "crypto/verification/serving_rules.h"
#include "publication/codec.h"
#include "store/catalogue_membership.h"
#include "store/forgetting.h"
#include "store/host/snapshot_file.h"
#include "store/stored_search.h"

namespace ccm::agent {
namespace {

using config::CertificateSpec;
using publication::Snapshot;
using publication::SnapshotEntry;

// A new file is not worth it for less waste than this.
constexpr std::size_t kLeastWaste = std::size_t{256} << 10U;
// Nor for fewer bytes of moments.
constexpr std::size_t kMostMoments = kLeastWaste / 2;
// Up to this number, all are read again whenever necessary; a larger number is read again less
// often.
constexpr std::size_t kFew = 100;
constexpr Seconds kBetweenAll{60};

bool is_wasteful(std::size_t used, std::size_t total) {
  return total > used + std::max(used, kLeastWaste);
}

void limit_to_chain(SnapshotEntry& entry, const crypto::Bundle& bundle) {
  entry.begin = bundle.leaf().not_before();
  entry.end = bundle.leaf().not_after();
  for (const crypto::Certificate& certificate : bundle.chain()) {
    entry.begin = std::max(entry.begin, certificate.not_before());
    entry.end = std::min(entry.end, certificate.not_after());
  }
}

std::size_t hash_of_all(const std::optional<std::vector<std::string>>& texts) {
  std::string all;
  for (const std::string& each : texts.value_or(std::vector<std::string>())) all += each + '\n';
  return all.empty() ? 0 : std::hash<std::string>()(all);
}

}  // namespace

std::vector<SnapshotFile::Subject> SnapshotFile::subjects(const Snapshot& old) const {
  std::vector<Subject> all;
  for (const CertificateSpec& spec : parts_.config.certificates()) {
    all.push_back({.name = spec.name, .names = spec.names, .stapling = spec.stapling});
  }
  if (parts_.config.catalogues().empty()) return all;
  const auto names = parts_.store.names().value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    if (parts_.config.find(name) == nullptr) all.push_back({.name = name});
  }
  const std::set<std::string> listed(names.begin(), names.end());
  // The snapshot holds nothing that was forgotten, so the store has lost these.
  for (const auto& [name, kept] : old.entries()) {
    const bool is_listed = listed.contains(name);
    if (parts_.config.find(name) == nullptr && !is_listed && !forgotten_.contains(name)) {
      all.push_back({.name = name});
    }
  }
  return all;
}

std::optional<SnapshotFile::Subject> SnapshotFile::find(const std::string& name) const {
  if (const CertificateSpec* spec = parts_.config.find(name)) {
    return Subject{.name = name, .names = spec->names, .stapling = spec->stapling};
  }
  if (parts_.config.catalogues().empty()) return std::nullopt;
  return Subject{.name = name};
}

// What no configuration names is shown by a catalogue alone, and it shows nothing forgotten.
bool SnapshotFile::is_left_out(const std::string& name) const {
  return parts_.config.find(name) == nullptr && store::is_forgotten(parts_.store, name);
}

Traces SnapshotFile::look(const Subject& spec) const {
  const store::VersionNumber version = parts_.store.current_version(spec.name);
  if (version == 0) return {};
  return {.version = version,
          .stamp = parts_.store.version_stamp(spec.name),
          .response = spec.stapling ? parts_.store.response_stamp(spec.name) : 0};
}

SnapshotFile::Selections SnapshotFile::selections_of(const std::string& name) const {
  return store::read_selections(parts_.store, name, parts_.config.catalogues());
}

std::optional<Secret> SnapshotFile::read(const Subject& spec, const Traces& traces) const {
  if (traces.version == 0) return std::nullopt;
  const auto loaded = parts_.store.load_again(spec.name);
  if (!loaded || loaded->damage || !loaded->certificate) return std::nullopt;
  const store::StoredCertificate& stored = *loaded->certificate;
  const Time now = parts_.clock.now();
  if (stored.info.number != traces.version || !store::check_stored(stored, spec.names, now))
    return Secret();
  const publication::Published published{
      .bundle = stored.bundle,
      .ocsp_response = spec.stapling ? staple_of(stored, now) : std::vector<std::byte>()};
  const auto value = publication::encode(published);
  if (!value) return Secret();
  SnapshotEntry entry{.name = spec.name,
                      .version = traces.version,
                      .stamp = traces.stamp,
                      .response = traces.response,
                      .rules = crypto::kServingRules,
                      .names = stored.bundle.leaf().names(),
                      .value = value->bytes(),
                      .origin = stored.info.origin,
                      .selections = selections_of(spec.name)};
  limit_to_chain(entry, stored.bundle);
  if (!published.ocsp_response.empty()) {
    entry.response_end = crypto::ocsp_response_end(published.ocsp_response);
  }
  return encode_entry(entry);
}

// All current entries, taken from the old snapshot where it has them. A copy of what the store has
// lost is kept as long as it is in force.
SnapshotFile::Content SnapshotFile::join(const Snapshot& old, KnownByName& known) {
  Content content;
  content.parts.push_back(Secret::copy_of(publication::kSnapshotHead));
  content.size = publication::kSnapshotHead.size();
  for (const Subject& spec : subjects(old)) {
    if (is_left_out(spec.name)) continue;
    const Traces traces = look(spec);
    const Selections selections = selections_of(spec.name);
    const SnapshotEntry* entry = old.find(spec.name);
    const bool is_same =
        entry != nullptr && entry->version == traces.version && entry->stamp == traces.stamp;
    if (entry != nullptr && !is_same) differences_.emplace_back(spec.name, entry->version);
    const bool is_kept = is_same && entry->response == traces.response &&
                         entry->rules == crypto::kServingRules && !entry->origin.empty();
    std::optional<Secret> made = is_kept ? std::nullopt : read(spec, traces);
    const bool is_copied =
        !made && entry != nullptr && (is_kept || entry->end > parts_.clock.now());
    const bool is_unchanged = is_copied && (!is_kept || entry->selections == selections);
    if (is_copied && !is_unchanged) {
      SnapshotEntry changed = *entry;
      changed.selections = selections;
      made = encode_entry(changed);
    } else if (is_copied) {
      made = Secret::copy_of(old.encoded(spec.name));
      has_stale_ = has_stale_ || (!is_kept && traces.version != 0);
    }
    const std::size_t size = made ? made->size() : 0;
    const Snapshot::Place place{.at = content.size, .size = size};
    content.is_as_before &= size == 0 || (is_unchanged && old.place_of(spec.name) == place);
    if (made) content.parts.push_back(*std::move(made));
    known.emplace_back(spec.name, Known{.traces = traces,
                                        .selected = hash_of_all(selections),
                                        .at = content.size,
                                        .size = size});
    content.size += size;
  }
  return content;
}

void SnapshotFile::begin_anew() {
  owes_all_ = true;
  if (known_.size() <= kFew) next_all_ = {};
  catch_up();
}

void SnapshotFile::catch_up() {
  if (owes_all_ && parts_.clock.steady_now() >= next_all_) bring_up_to_date();
}

// Takes over the new knowledge only after all large blocks were freed. Small blocks in between
// would keep malloc from giving the memory back.
void SnapshotFile::bring_up_to_date() {
  owes_all_ = false;
  next_all_ = parts_.clock.steady_now() + kBetweenAll;
  KnownByName known;
  const Result<void> written = write_anew(known);
  // These positions were in the old file, and the new one may lack some of its entries.
  for (auto& [name, each] : known_) each.size = 0;
  for (const auto& [name, each] : known) known_.insert_or_assign(name, each);
  settle(written);
  tell_differences();
}

// Writes nothing when the file already has this content.
Result<void> SnapshotFile::write_anew(KnownByName& known) {
  // Begun before anything is read: whatever is forgotten from here on makes the draft invalid.
  Result<store::SnapshotDraft> draft = store::SnapshotDraft::begin(parts_.state_path);
  Result<Secret> content = store::read_snapshot(parts_.state_path);
  has_stale_ = false;
  const Snapshot old = content ? Snapshot::parse(*std::move(content)) : Snapshot();
  const Content all = join(old, known);
  const bool is_same = all.is_as_before && old.total() == all.size + old.moment_bytes() &&
                       old.moment_bytes() <= kMostMoments && (!draft || draft->is_wanted());
  used_ = all.size;
  total_ = is_same ? old.total() : all.size;
  moment_ = is_same ? old.moment() : std::nullopt;
  if (is_same) return {};
  return draft ? draft->finish(all.parts) : pass(std::move(draft));
}

// Without this note a server looks at every certificate when it starts.
void SnapshotFile::reached(const store::Revision& revision) {
  if (parts_.config.catalogues().empty() || owes_all_ || has_stale_) return;
  const publication::SnapshotMoment moment{.life = revision.life, .number = revision.number};
  const Secret entry = publication::encode_moment(moment);
  if (is_wasteful(used_, total_ + entry.size())) bring_up_to_date();
  if (moment_ == moment || has_stale_) return;
  const Result<std::uint64_t> added = store::append_to_snapshot(parts_.state_path, entry);
  if (!added) return;
  moment_ = moment;
  total_ = *added + entry.size();
}

void SnapshotFile::settle(const Result<void>& written) {
  if (!written) {
    // The old file stays. The positions of the new one do not apply to it, and its entries may be
    // of versions that the store has replaced.
    for (auto& [name, known] : known_) known.size = 0;
    has_stale_ = true;
    owes_all_ = true;
  }
  if (written || written.error().kind() != ErrorKind::rejected) {
    return say(written ? std::nullopt : std::optional(written.error()));
  }
  // Something was forgotten meanwhile, and note() may not be called for it again.
  if (known_.size() <= kFew) next_all_ = {};
}

// Only at the beginning: later differences are changes that the leader itself has made.
void SnapshotFile::tell_differences() {
  const auto differences = std::exchange(differences_, {});
  if (std::exchange(has_begun_, true) || !parts_.on_difference) return;
  for (const auto& [name, version] : differences) parts_.on_difference(name, version);
}

void SnapshotFile::note(const std::string& name) {
  const auto spec = find(name);
  if (!spec) return;
  const Traces traces = is_left_out(name) ? Traces() : look(*spec);
  Known& known = known_[name];
  const bool is_configured = parts_.config.find(name) != nullptr;
  // When the store says that a certificate has changed, only a configured one can be lost without
  // having been forgotten.
  const bool has_last_copy = traces.version == 0 && known.size > 0 && !is_configured;
  const std::size_t selected = hash_of_all(selections_of(name));
  if (traces == known.traces && selected == known.selected && !has_last_copy) return;
  known.traces = traces;
  known.selected = selected;
  if (traces.version == 0 && !is_configured) {
    forgotten_.insert(name);
  } else {
    forgotten_.erase(name);
  }
  if (traces.version == 0) {
    // Store::forget() has removed the file. If it is there again, the entry must not stay until all
    // is written anew, because the next leader would take it for the copy of something lost.
    if (!is_configured) drop(known);
    return begin_anew();
  }
  const std::optional<Secret> entry = read(*spec, traces);
  if (!entry || entry->empty()) {
    has_stale_ = has_stale_ || known.size > 0;
    return;
  }
  if (is_wasteful(used_, total_ + entry->size())) return bring_up_to_date();
  append(known, *entry);
}

// Appends the new entry, then wipes the old one, because the store may have removed its private key
// already.
void SnapshotFile::append(Known& known, const Secret& entry) {
  const Result<std::uint64_t> added = store::append_to_snapshot(parts_.state_path, entry);
  if (!added && added.error().kind() == ErrorKind::rejected) return begin_anew();
  say(added ? std::nullopt : std::optional(added.error()));
  if (!added) {
    has_stale_ = has_stale_ || known.size > 0;
    return;
  }
  store::wipe_in_snapshot(parts_.state_path, known.at, known.size);
  used_ = used_ + entry.size() - known.size;
  known.at = *added;
  known.size = entry.size();
  total_ = *added + entry.size();
}

void SnapshotFile::drop(Known& known) {
  store::wipe_in_snapshot(parts_.state_path, known.at, known.size);
  used_ -= known.size;
  known.size = 0;
}

// A server also starts without the snapshot, only more slowly.
void SnapshotFile::say(const std::optional<Error>& problem) {
  if (!problem) {
    has_complained_ = false;
  } else if (!std::exchange(has_complained_, true)) {
    parts_.log.warn("keep the snapshot for the next start: {}", problem->message());
  }
}

SnapshotKeeper::SnapshotKeeper(SnapshotFile::Parts parts, int wake_descriptor)
    : copies_(parts.state_path), file_(std::move(parts)), pool_(1, wake_descriptor) {}

void SnapshotKeeper::bring_up_to_date(const store::Revision& revision) {
  give([this, revision] {
    file_.bring_up_to_date();
    file_.reached(revision);
    // It has read everything, perhaps twice, and will not do so again soon.
    malloc_trim(0);
  });
}

void SnapshotKeeper::note(store::Changes changes) {
  if (changes.names && changes.names->empty() && !file_.owes_all()) return;
  give([this, changes = std::move(changes)] {
    if (!changes.names) {
      file_.begin_anew();
    } else {
      for (const std::string& name : *changes.names) file_.note(name);
      file_.catch_up();
    }
    file_.reached(changes.revision);
  });
}

void SnapshotKeeper::give(std::function<void()> job) {
  pool_.give([job = std::move(job)] {
    at_boundary(
        0, [](const char*) {},
        [&] {
          job();
          return 0;
        });
  });
}

}  // namespace ccm::agent
