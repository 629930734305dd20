// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/draft.h"

#include <algorithm>
#include <utility>

namespace ccm::fleet {

void Draft::expect(std::string key, EtcdRevision modified) {
  transaction_.compares.push_back(
      {.key = std::move(key), .of = EtcdCompare::Of::modified, .revision = modified});
}

void Draft::take_back(const std::string& key) {
  std::erase_if(transaction_.changes, [&](const EtcdChange& change) { return change.key == key; });
}

void Draft::put(std::string key, const Secret& text) {
  take_back(key);
  Result<std::string> sealed = keys_.seal(key, text);
  if (sealed) {
    transaction_.changes.push_back({.key = std::move(key), .value = *std::move(sealed)});
  } else if (!problem_) {
    problem_ = std::move(sealed).error();
  }
}

void Draft::put_first(std::string key, const Secret& text) {
  put(std::move(key), text);
  std::vector<EtcdChange>& changes = transaction_.changes;
  if (!changes.empty()) std::rotate(changes.begin(), changes.end() - 1, changes.end());
}

void Draft::put_version(const std::string& name, const crypto::Bundle& bundle,
                        const store::VersionInfo& info, std::span<const std::byte> response) {
  Result<Secret> text = serialize(bundle, info);
  if (text) {
    put(layout_.version(name, info.number), *text);
  } else if (!problem_) {
    problem_ = std::move(text).error();
  }
  if (!response.empty()) put(layout_.response(name, info.number), Secret::copy_of(response));
}

void Draft::remove(std::string key) {
  take_back(key);
  transaction_.changes.push_back({.key = std::move(key), .value = std::nullopt});
}

void Draft::remove_all(std::string_view prefix) {
  EtcdRange range = range_of_prefix(prefix);
  transaction_.changes.push_back(
      {.key = std::move(range.key), .value = std::nullopt, .end = std::move(range.end)});
}

void Draft::remove_version(const std::string& name, store::VersionNumber number) {
  remove(layout_.version(name, number));
  remove(layout_.response(name, number));
}

Result<EtcdTransaction> Draft::take() && {
  if (problem_) return fail(*std::move(problem_));
  return std::move(transaction_);
}

}  // namespace ccm::fleet
