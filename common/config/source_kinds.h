// SPDX-License-Identifier: Apache-2.0
// The kinds of source, one row for each: what configuration, status and sentences need to know. How
// such a source works is in its driver (sources/source_drivers.h).
//
// A new kind is a type of settings and a row in config/sources/, one line in
// config/sources/table.h, and its driver.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ccm::config {

struct CertificateInput;

struct SourceKind {
  // The word in settings, in fingerprints and before the colon of an origin: "scm".
  std::string_view word;
  // In sentences: "SCM".
  std::string_view title;
  // Everything that can be written: "pca issuer=ID".
  std::string_view form;
  // The least that has to be written.
  std::string_view shortest_form;
  // The KEY of each "KEY=VALUE" that may follow the word, sorted.
  std::span<const std::string_view> parameters;
  // A public CA issues the certificates; it certifies no name without a dot.
  bool is_public;
  // Where the service is: the directive that says so, how nginx and Apache spell it, and its place
  // in the configuration. Empty and nullptr: the source needs neither the cloud nor credentials.
  std::string_view endpoint_directive;
  std::string_view endpoint_spellings;
  std::string GlobalConfig::*endpoint;

  // Parses the words after the kind's own. The error says what is wrong and what would be right.
  Result<SourceSpec> (*parse)(std::span<const std::string> parameters);
  // The rules that need the whole certificate: fills in what the settings leave open, refuses what
  // makes no sense with this source. Everything else in `spec` is complete.
  Result<void> (*complete)(const CertificateInput& input, CertificateSpec& spec);
  // Whether a catalogue may show everything in an account (catalogue.h).
  bool fills_catalogues = false;
};

// All of them, in the order in which people meet them.
std::span<const SourceKind* const> source_kinds() noexcept;
// nullptr when there is none of that word.
const SourceKind* find_source_kind(std::string_view word) noexcept;
// The kind of an origin ("scm:ID", "pca:ISSUER/ID"); nullptr for an import by an operator.
const SourceKind* kind_of_origin(std::string_view origin) noexcept;

// Parameters of any kind, sorted, each once.
std::vector<std::string_view> source_parameters();
// "A, B or C", from `text(kind)` of each kind.
std::string either_source(std::string (*text)(const SourceKind& kind));

// Adds a row for as long as it lives, for tests that show what a new kind needs. To be made before
// any thread starts; the last one made must be destroyed first.
class AddedSourceKind {
 public:
  explicit AddedSourceKind(const SourceKind& kind) noexcept;
  AddedSourceKind(const AddedSourceKind&) = delete;
  AddedSourceKind& operator=(const AddedSourceKind&) = delete;
  ~AddedSourceKind();
};

}  // namespace ccm::config
