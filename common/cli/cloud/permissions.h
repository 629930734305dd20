// SPDX-License-Identifier: Apache-2.0
// What an engine needs of the cloud for each source of certificates: the operations it calls, and
// through the catalogue the documented actions that permit them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/api/catalogue.h"
#include "config/config.h"

namespace ccm::cli {

enum class SourceKind : std::uint8_t {
  scm,
  pca,            // the key is made on the host
  pca_cloud_key,  // the key is made by PCA
};
// "scm", "pca", "pca-cloud-key"
std::span<const std::string_view> source_kind_names() noexcept;
std::optional<SourceKind> parse_source_kind(std::string_view name) noexcept;
SourceKind kind_of(const config::SourceSpec& source) noexcept;

struct Need {
  const cloud::Operation* operation;
  std::string_view purpose;  // "to find certificates"
};

// In the order in which an engine comes to them, each operation once.
std::vector<Need> needs_of(const std::set<SourceKind>& kinds);
// The actions of these operations, sorted, each once.
std::vector<std::string> actions_of(const std::vector<Need>& needs);

}  // namespace ccm::cli
