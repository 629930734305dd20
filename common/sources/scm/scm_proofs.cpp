// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_proofs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cloud/proof/look_for_file.h"
#include "config/sources/scm.h"
#include "crypto/certificate/names.h"
#include "store/proof_record.h"

namespace ccm::sources {
namespace {

using cloud::ScmProof;
using config::DnsWay;

// In one attempt, because each may take long.
constexpr std::size_t kMostLooks = 4;

// nullopt: the settings say nothing about DNS.
std::optional<DnsWay> dns_way_of(const ObtainRequest& request) {
  const auto& issue = request.spec.source.as<config::ScmSource>().issue;
  return issue && issue->dns ? std::optional(issue->dns->way) : std::nullopt;
}

bool contains(const std::vector<ScmProof>& proofs, const ScmProof& proof) {
  return std::find(proofs.begin(), proofs.end(), proof) != proofs.end();
}

std::vector<ScmProof> files_among(const std::vector<ScmProof>& proofs) {
  std::vector<ScmProof> files;
  std::copy_if(proofs.begin(), proofs.end(), std::back_inserter(files), is_file_proof);
  return files;
}

// Whether this program or a hook writes DNS records.
bool writes_records(std::optional<DnsWay> way) {
  return way == DnsWay::cloud || way == DnsWay::hook;
}

// `values`: everything that the proof's record has to contain.
Event event_of(EventType type, const ObtainRequest& request, const ScmProof& proof,
               const std::vector<std::string>& values) {
  return {.type = type,
          .certificate = request.spec.name,
          .sentence =
              fmt::format("{} {}", describe_proof(proof),
                          type == EventType::challenge_setup ? "is wanted as the proof of a domain"
                                                             : "is not needed any more"),
          .fields = {{"domain", proof.domain},
                     {"method", is_file_proof(proof) ? "file" : "dns"},
                     {"record_type", proof.record_type},
                     {"record_name", proof.record_name},
                     {"record_value", proof.record_value},
                     {"record_values", join(values, " ")}}};
}

// `pending` when another order has a value in one of these records.
Result<void> find_rival(const store::StoreReader& store, const std::string& own_name,
                        const std::vector<ScmProof>& wanted) {
  const auto names = store.names();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (name == own_name) continue;
    const auto other = read_scm_order(store, name);
    if (!other || !*other || !writes_records((*other)->dns_way)) continue;
    for (const ScmProof& proof : wanted) {
      if (values_at(**other, proof).empty()) continue;
      return fail(
          ErrorKind::pending,
          fmt::format("the {} record {} has the proof of order {} of \"{}\"; ours follows "
                      "when that is done",
                      proof.record_type, proof.record_name, (*other)->certificate_id, name));
    }
  }
  return {};
}

Result<store::FileProof> as_file(const ScmProof& proof) {
  return store::make_file_proof(proof.domain, proof.record_name, proof.record_value);
}

}  // namespace

bool is_file_proof(const ScmProof& proof) noexcept {
  return equals_ignoring_case(proof.record_type, "FILE");
}

std::string describe_proof(const ScmProof& proof) {
  if (!is_file_proof(proof)) {
    return fmt::format("the {} record {}", proof.record_type, proof.record_name);
  }
  const Result<store::FileProof> file = as_file(proof);
  const std::string name = file ? store::files_of(*file).front() : proof.record_name;
  return fmt::format("the file http://{}{}{}", proof.domain, store::kProofFolder, name);
}

ProofLook ProofLook::real() {
  return {
      .file = [](const std::string& domain, const std::string& name,
                 const std::string& value) { return cloud::look_for_file(domain, name, value); },
      .record = [](const std::string& name, cloud::ProofRecord type,
                   const std::string& value) { return cloud::look_for_record(name, type, value); }};
}

Result<void> ScmProofs::place(const ObtainRequest& request, ScmOrder& order,
                              const std::vector<ScmProof>& wanted) {
  const std::optional<DnsWay> way = dns_way_of(request);
  const bool is_by_same_way = order.dns_way == way;
  if (order.placed == wanted && order.is_set_up && is_by_same_way) return {};
  if (auto placed = place_files(request, wanted); !placed) return placed;
  // Removed before the new one is added, because the record of the earlier application would spoil
  // it.
  const std::vector<ScmProof> before = order.placed;
  for (const ScmProof& old : before) {
    if (contains(wanted, old) && (is_by_same_way || is_file_proof(old))) continue;
    if (auto gone = tear_down(request, order, old); !gone) return gone;
    std::erase(order.placed, old);
  }
  auto written = claim(request, order, wanted);
  for (const ScmProof& proof : wanted) {
    if (written) written = set_up(request, order, proof);
  }
  if (!written) return written;
  order.is_set_up = true;
  return write_scm_order(parts_.store, request.lease, request.spec.name, order);
}

Result<void> ScmProofs::claim(const ObtainRequest& request, ScmOrder& order,
                              const std::vector<ScmProof>& wanted) {
  const std::lock_guard lock(claims_);
  order.dns_way = dns_way_of(request);
  order.is_set_up = false;
  const bool has_records = std::any_of(wanted.begin(), wanted.end(), is_dns_proof);
  if (has_records && writes_records(order.dns_way)) {
    if (auto free = find_rival(parts_.store, request.spec.name, wanted); !free) {
      order.placed.clear();
      return free;
    }
  }
  order.placed = wanted;
  // Stored before the proof is placed, because a proof that is not recorded would stay for ever.
  return write_scm_order(parts_.store, request.lease, request.spec.name, order);
}

Result<void> ScmProofs::place_files(const ObtainRequest& request,
                                    const std::vector<ScmProof>& wanted) {
  std::vector<store::FileProof> files;
  for (const ScmProof& proof : files_among(wanted)) {
    Result<store::FileProof> file = as_file(proof);
    if (!file) return fail_with(std::move(file), "the proof that SCM asks for");
    files.push_back(*std::move(file));
  }
  return store::write_file_proofs(parts_.store, request.lease, request.spec.name, files);
}

// Records that SCM writes itself, or that nobody is said to write, are left alone.
Result<void> ScmProofs::set_up(const ObtainRequest& request, const ScmOrder& order,
                               const ScmProof& proof) {
  if (is_file_proof(proof) || order.dns_way == DnsWay::hook) {
    auto allowed = parts_.events.ask(
        event_of(EventType::challenge_setup, request, proof, values_at(order, proof)));
    if (!allowed) return fail_with(std::move(allowed), describe_proof(proof));
  } else if (is_dns_proof(proof) && order.dns_way == DnsWay::cloud) {
    // The sentence names the record.
    if (auto put = zones_.put(request, order, proof); !put) return put;
  } else {
    return {};
  }
  parts_.log.notice("certificate \"{}\": {} is in place", request.spec.name, describe_proof(proof));
  return {};
}

Result<void> ScmProofs::tear_down(const ObtainRequest& request, const ScmOrder& order,
                                  const ScmProof& proof) {
  if (is_dns_proof(proof) && order.dns_way == DnsWay::cloud) return zones_.remove(request, proof);
  if (!is_file_proof(proof) && order.dns_way != DnsWay::hook) return {};
  std::vector<std::string> rest = values_at(order, proof);
  std::erase(rest, proof.record_value);
  parts_.events.tell(event_of(EventType::challenge_teardown, request, proof, rest));
  return {};
}

std::string ScmProofs::missing(const ObtainRequest& request, const ScmOrder& order) const {
  const std::optional<DnsWay> way = dns_way_of(request);
  for (const ScmProof& proof : order.placed) {
    if (is_file_proof(proof)) continue;
    if (!is_dns_proof(proof)) {
      return fmt::format("SCM asks for a proof by {}, which a person has to give",
                         proof.record_type);
    }
    if (way == DnsWay::cloud) {
      const Result<std::string> lacking = zones_.keep(request, order, proof);
      if (!lacking) return lacking.error().message();
      if (!lacking->empty()) return *lacking;
    }
    if (!way) {
      return fmt::format(
          "SCM asks for {} with the value {}, and nothing says who writes it: add it, or configure "
          "issue_dns",
          describe_proof(proof), proof.record_value);
    }
  }
  for (std::size_t i = 0; i < std::min(order.placed.size(), kMostLooks); ++i) {
    const Result<void> seen = look_at(order.placed[i]);
    if (seen) continue;
    // A host that cannot reach itself from outside cannot tell what an authority sees, and another
    // look would take as long.
    return seen.error().kind() == ErrorKind::pending ? seen.error().message() : std::string();
  }
  return {};
}

Result<void> ScmProofs::look_at(const ScmProof& proof) const {
  Result<void> seen;
  if (is_dns_proof(proof) && parts_.look.record) {
    const bool is_text = equals_ignoring_case(proof.record_type, "TXT");
    seen = parts_.look.record(proof.record_name,
                              is_text ? cloud::ProofRecord::txt : cloud::ProofRecord::cname,
                              proof.record_value);
  }
  const Result<store::FileProof> file = as_file(proof);
  if (is_file_proof(proof) && file && parts_.look.file) {
    for (const std::string& name : store::files_of(*file)) {
      if (seen) seen = parts_.look.file(file->domain, name, file->value);
    }
  }
  return seen;
}

Result<void> ScmProofs::remove(const ObtainRequest& request, ScmOrder& order) {
  const std::string& name = request.spec.name;
  auto removed = store::remove_file_proofs(parts_.store, request.lease, name);
  if (!removed) return removed;
  while (!order.placed.empty()) {
    if (auto gone = tear_down(request, order, order.placed.back()); !gone) return gone;
    order.placed.pop_back();
  }
  return {};
}

}  // namespace ccm::sources
