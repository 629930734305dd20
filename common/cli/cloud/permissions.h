// SPDX-License-Identifier: Apache-2.0
// What an engine needs of the cloud for its sources of certificates: the operations it calls, and
// through the catalogue the documented actions that permit them. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/api/catalogue.h"
#include "config/config.h"
#include "sources/source_drivers.h"

namespace ccm::cli {

// Names of sources::SourceVariant.
using SourceVariants = std::set<std::string_view>;

// All variants: "scm", "pca", "pca-cloud-key".
std::vector<std::string_view> variant_names();
// The same in a sentence, with the word `last` before the last one, and with each one's note when
// `has_notes`.
std::string variants_in_words(std::string_view last, bool has_notes);
// The first variant of each kind.
std::vector<std::string_view> usual_variants();
std::string_view variant_of(const config::SourceSpec& source);

struct Need {
  const cloud::Operation* operation;
  const sources::CloudNeed* call;
};

// In the order in which an engine uses them, each operation once.
std::vector<Need> needs_of(const SourceVariants& variants);
// What they need besides actions, one sentence each.
std::vector<std::string_view> beyond_actions(const SourceVariants& variants);
// The actions of these operations, sorted, each once.
std::vector<std::string> actions_of(const std::vector<Need>& needs);

}  // namespace ccm::cli
