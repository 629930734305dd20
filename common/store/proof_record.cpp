// SPDX-License-Identifier: Apache-2.0
#include "store/proof_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/text.h"
#include "crypto/certificate/names.h"

namespace ccm::store {
namespace {

// Stands for the usual files; no file can have this name (is_file_name).
constexpr std::string_view kUsualFiles = "*";
constexpr std::size_t kMostShown = 80;  // of a bad value in a sentence

bool is_visible_ascii(char c) noexcept {
  return c > ' ' && c <= '~';
}

bool is_file_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// One segment of a path that needs no encoding and is not "..".
bool is_file_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMostProofFileName && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_file_character);
}

// A record's name may be a file's, but also a domain or the name of a DNS record.
bool looks_like_file(std::string_view name) {
  const std::string lower = to_lower(name);
  return lower.ends_with(".txt") || lower.ends_with(".html") || lower.ends_with(".htm");
}

Failure unfit(std::string_view what, std::string_view shown, std::string_view wanted) {
  return fail(ErrorKind::invalid, fmt::format("the {} \"{}\" of a file proof {}", what,
                                              printable(shown.substr(0, kMostShown)), wanted));
}

// A proof is served without a line end, so the value has none; spaces at its ends would get lost.
bool is_value(std::string_view value) noexcept {
  const auto may_stand = [](char c) { return c == ' ' || is_visible_ascii(c); };
  return !value.empty() && value.size() <= kMostProofValue && value.front() != ' ' &&
         value.back() != ' ' && std::all_of(value.begin(), value.end(), may_stand);
}

Result<FileProof> parse_proof(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) {
    return fail(ErrorKind::invalid, "a file proof is not \"DOMAIN FILE VALUE\"");
  }
  const std::string_view file = line.substr(first + 1, second - first - 1);
  FileProof proof{.domain = std::string(line.substr(0, first)),
                  .file_name = std::string(file == kUsualFiles ? "" : file),
                  .value = std::string(line.substr(second + 1))};
  if (Result<void> checked = check_file_proof(proof); !checked) return pass(std::move(checked));
  return proof;
}

}  // namespace

Result<FileProof> make_file_proof(std::string_view domain, std::string_view record_name,
                                  std::string_view value) {
  Result<std::string> name = crypto::parse_server_name(trim(domain));
  if (!name) return fail_with(std::move(name), "the domain of a file proof");
  std::string_view file = trim(record_name);
  const std::size_t folder = file.rfind(kProofFolder);
  if (folder != std::string_view::npos) file.remove_prefix(folder + kProofFolder.size());
  if (!is_file_name(file) || !looks_like_file(file)) file = {};
  FileProof proof{.domain = *std::move(name),
                  .file_name = std::string(file),
                  .value = std::string(trim(value))};
  if (Result<void> checked = check_file_proof(proof); !checked) return pass(std::move(checked));
  return proof;
}

Result<void> check_file_proof(const FileProof& proof) {
  const Result<std::string> domain = crypto::parse_server_name(proof.domain);
  if (!domain || *domain != proof.domain || proof.domain.size() > kMostProofDomain ||
      crypto::is_wildcard(proof.domain)) {
    return unfit("domain", proof.domain, "is not one server name without a wildcard");
  }
  if (!proof.file_name.empty() && !is_file_name(proof.file_name)) {
    return unfit("file name", proof.file_name,
                 fmt::format("is not 1 to {} of A-Z a-z 0-9 . _ - without a dot in front",
                             kMostProofFileName));
  }
  if (!is_value(proof.value)) {
    return unfit(
        "value", proof.value,
        fmt::format("is not one line of 1 to {} visible ASCII characters", kMostProofValue));
  }
  return {};
}

std::vector<std::string> files_of(const FileProof& proof) {
  if (!proof.file_name.empty()) return {proof.file_name};
  return {kUsualProofFiles.begin(), kUsualProofFiles.end()};
}

std::string serialize_proofs(const std::vector<FileProof>& proofs) {
  std::string lines;
  for (const FileProof& proof : proofs) {
    const std::string_view file = proof.file_name.empty() ? kUsualFiles : proof.file_name;
    lines += fmt::format("{} {} {}\n", proof.domain, file, proof.value);
  }
  return lines;
}

Result<std::vector<FileProof>> parse_proofs(std::string_view text) {
  std::vector<FileProof> proofs;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return fail(ErrorKind::invalid, "the last file proof is cut short");
    }
    Result<FileProof> proof = parse_proof(text.substr(0, end));
    if (!proof) return pass(std::move(proof));
    proofs.push_back(*std::move(proof));
    text.remove_prefix(end + 1);
  }
  return proofs;
}

Result<void> write_file_proofs(Store& store, const Lease& lease, const std::string& name,
                               const std::vector<FileProof>& proofs) {
  if (proofs.empty()) return remove_file_proofs(store, lease, name);
  if (proofs.size() > kMostFileProofs) {
    return fail(ErrorKind::invalid,
                fmt::format("the order of a certificate may have {} file proofs, not {}",
                            kMostFileProofs, proofs.size()));
  }
  for (const FileProof& proof : proofs) {
    if (Result<void> checked = check_file_proof(proof); !checked) return checked;
  }
  const auto stored = store.read_record(name, kFileProofs);
  // A damaged record counts as none.
  if (!stored && stored.error().kind() != ErrorKind::invalid) return fail(stored.error());
  const std::uint64_t version = stored && *stored ? (*stored)->version : 0;
  const Secret value = Secret::copy_of(serialize_proofs(proofs));
  if (version != 0 && (*stored)->value.equals(value)) return {};
  auto written = store.write_record(lease, name, kFileProofs, value, version);
  if (!written) return pass(std::move(written));
  return {};
}

Result<void> remove_file_proofs(Store& store, const Lease& lease, const std::string& name) {
  return store.remove_record(lease, name, kFileProofs);
}

Result<std::vector<FileProof>> read_file_proofs(const StoreReader& store, const std::string& name) {
  const auto stored = store.read_record(name, kFileProofs);
  if (!stored) return fail(stored.error());
  if (!*stored) return std::vector<FileProof>();
  return parse_proofs((*stored)->value.reveal());
}

std::string read_file_proofs_of(const StoreReader& store, std::span<const std::string> names,
                                std::size_t most_bytes) {
  std::string text;
  for (const std::string& name : names) {
    const Result<std::vector<FileProof>> proofs = read_file_proofs(store, name);
    if (!proofs) continue;
    for (const FileProof& proof : *proofs) {
      const std::string line = serialize_proofs({proof});
      if (text.size() + line.size() <= most_bytes) text += line;
    }
  }
  return text;
}

}  // namespace ccm::store
