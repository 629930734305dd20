// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_proofs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cloud/proof/look_for_file.h"
#include "config/sources/scm.h"
#include "crypto/names.h"
#include "store/proof_record.h"

namespace ccm::sources {
namespace {

using cloud::ScmProof;
using config::DnsWay;

// In one attempt: each may take its time.
constexpr std::size_t kMostLooks = 4;

// nullopt: the settings say nothing about DNS.
std::optional<DnsWay> dns_way_of(const ObtainRequest& request) {
  const auto& issue = request.spec.source.as<config::ScmSource>().issue;
  return issue ? issue->dns : std::nullopt;
}

// A record that SCM writes itself and takes away, or that nobody is said to write.
bool is_left_to_others(const ObtainRequest& request, const ScmProof& proof) {
  return !is_file_proof(proof) && dns_way_of(request) != DnsWay::hook;
}

bool contains(const std::vector<ScmProof>& proofs, const ScmProof& proof) {
  return std::find(proofs.begin(), proofs.end(), proof) != proofs.end();
}

std::vector<ScmProof> files_among(const std::vector<ScmProof>& proofs) {
  std::vector<ScmProof> files;
  std::copy_if(proofs.begin(), proofs.end(), std::back_inserter(files), is_file_proof);
  return files;
}

Event event_of(EventType type, const ObtainRequest& request, const ScmProof& proof) {
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
                     {"record_value", proof.record_value}}};
}

Result<store::FileProof> as_file(const ScmProof& proof) {
  return store::make_file_proof(proof.domain, proof.record_name, proof.record_value);
}

}  // namespace

bool is_file_proof(const ScmProof& proof) noexcept {
  return equals_ignoring_case(proof.record_type, "FILE");
}

bool is_dns_proof(const ScmProof& proof) noexcept {
  return equals_ignoring_case(proof.record_type, "TXT") ||
         equals_ignoring_case(proof.record_type, "CNAME");
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
      .file = [](const std::string& domain, const std::string& file,
                 const std::string& value) { return cloud::look_for_file(domain, file, value); },
      .record = [](const std::string& name, cloud::ProofRecord type,
                   const std::string& value) { return cloud::look_for_record(name, type, value); }};
}

Result<void> ScmProofs::place(const ObtainRequest& request, ScmOrder& order,
                              const std::vector<ScmProof>& wanted) {
  if (order.placed == wanted && order.is_set_up) return {};
  if (auto placed = place_files(request, wanted); !placed) return placed;
  // Removed before it is added: the record of the application before would spoil the new one.
  for (const ScmProof& old : order.placed) {
    if (contains(wanted, old)) continue;
    if (auto gone = tear_down(request, old); !gone) return gone;
  }
  order.placed = wanted;
  order.is_set_up = false;
  // Before it is there: what was not written down would stay there for ever.
  auto written = write_scm_order(parts_.store, request.lease, request.spec.name, order);
  for (const ScmProof& proof : wanted) {
    if (written) written = set_up(request, proof);
  }
  if (!written) return written;
  order.is_set_up = true;
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

Result<void> ScmProofs::set_up(const ObtainRequest& request, const ScmProof& proof) {
  if (is_left_to_others(request, proof)) return {};
  auto allowed = parts_.events.ask(event_of(EventType::challenge_setup, request, proof));
  if (!allowed) return fail_with(std::move(allowed), describe_proof(proof));
  parts_.log.notice("certificate \"{}\": {} is in place", request.spec.name, describe_proof(proof));
  return {};
}

Result<void> ScmProofs::tear_down(const ObtainRequest& request, const ScmProof& proof) {
  if (is_left_to_others(request, proof)) return {};
  parts_.events.tell(event_of(EventType::challenge_teardown, request, proof));
  return {};
}

std::string ScmProofs::missing(const ObtainRequest& request, const ScmOrder& order) const {
  for (const ScmProof& proof : order.placed) {
    if (is_file_proof(proof)) continue;
    if (!is_dns_proof(proof)) {
      return fmt::format("SCM asks for a proof by {}, which a person has to give",
                         proof.record_type);
    }
    if (!dns_way_of(request)) {
      return fmt::format(
          "SCM asks for {} with the value {}, and nothing says who writes it: add it, or configure "
          "issue_dns",
          describe_proof(proof), proof.record_value);
    }
  }
  for (std::size_t i = 0; i < std::min(order.placed.size(), kMostLooks); ++i) {
    std::string seen = look_at(order.placed[i]);
    if (!seen.empty()) return seen;
  }
  return {};
}

std::string ScmProofs::look_at(const ScmProof& proof) const {
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
  // A host that cannot reach itself from outside says nothing about an authority.
  return seen || seen.error().kind() != ErrorKind::pending ? std::string() : seen.error().message();
}

Result<void> ScmProofs::remove(const ObtainRequest& request, ScmOrder& order) {
  const std::string& name = request.spec.name;
  auto removed = store::remove_file_proofs(parts_.store, request.lease, name);
  if (!removed) return removed;
  while (!order.placed.empty()) {
    if (auto gone = tear_down(request, order.placed.back()); !gone) return gone;
    order.placed.pop_back();
  }
  return {};
}

}  // namespace ccm::sources
