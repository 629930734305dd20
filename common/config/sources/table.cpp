// SPDX-License-Identifier: Apache-2.0
#include "config/sources/table.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace ccm::config {
namespace {

constexpr std::size_t kMostAddedKinds = 2;

constexpr auto begin_kinds() {
  std::array<const SourceKind*, kSourceTable.size() + kMostAddedKinds> kinds{};
  std::copy(kSourceTable.begin(), kSourceTable.end(), kinds.begin());
  return kinds;
}
constinit auto all_kinds = begin_kinds();
constinit std::size_t kind_count = kSourceTable.size();

}  // namespace

std::span<const SourceKind* const> source_kinds() noexcept {
  return {all_kinds.data(), kind_count};
}

AddedSourceKind::AddedSourceKind(const SourceKind& kind) noexcept {
  assert(kind_count < all_kinds.size());
  all_kinds[kind_count++] = &kind;
}

AddedSourceKind::~AddedSourceKind() {
  all_kinds[--kind_count] = nullptr;
}

}  // namespace ccm::config
