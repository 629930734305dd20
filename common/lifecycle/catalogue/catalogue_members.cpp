// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/catalogue/catalogue_members.h"

#include <algorithm>
#include <utility>

namespace ccm::lifecycle {

bool CatalogueMembers::Member::is_in(std::string_view selection) const {
  return std::find(what.selections.begin(), what.selections.end(), selection) !=
         what.selections.end();
}

void CatalogueMembers::load() {
  const auto names = store_.names();
  if (!names) return;
  for (const std::string& entry : *names) {
    auto what = store::read_membership(store_, entry);
    if (!what || what->id.empty() || store_.current_version(entry) == 0) continue;
    const std::string id = what->id;
    const auto [place, is_new] = members_.try_emplace(id, Member{entry, *std::move(what)});
    if (is_new) index(place->second, id);
  }
}

const CatalogueMembers::Member* CatalogueMembers::find(const std::string& id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

std::vector<std::string> CatalogueMembers::ids_of(std::string_view selection) const {
  std::vector<std::string> ids;
  for (const auto& [id, member] : members_) {
    if (member.is_in(selection)) ids.push_back(id);
  }
  return ids;
}

std::size_t CatalogueMembers::count(std::string_view selection) const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(),
                    [&](const auto& each) { return each.second.is_in(selection); }));
}

Result<void> CatalogueMembers::put(const store::Lease& lease, const std::string& entry,
                                   const store::Membership& what) {
  if (auto written = store::write_membership(store_, lease, entry, what); !written) return written;
  const auto before = members_.find(what.id);
  if (before != members_.end()) strike(before->second, what.id);
  Member& member = members_.insert_or_assign(what.id, Member{entry, what}).first->second;
  index(member, what.id);
  return {};
}

Result<void> CatalogueMembers::leave(const store::Lease& lease, const std::string& id,
                                     std::string_view selection, bool is_own) {
  const auto found = members_.find(id);
  if (found == members_.end()) return {};
  Member member = found->second;
  std::erase(member.what.selections, selection);
  if (!member.what.selections.empty()) return put(lease, member.entry, member.what);
  const bool is_there = store_.current_version(member.entry) != 0;
  // The entry of a configured certificate may hold another certificate now.
  const auto recorded = store::read_membership(store_, member.entry);
  Result<void> done;
  if (is_own && is_there) {
    done = store_.forget(lease, member.entry, store::Keep::nothing);
  } else if (recorded && recorded->id == id) {
    done = store::end_membership(store_, lease, member.entry);
  }
  if (!done) return done;
  strike(found->second, id);
  members_.erase(found);
  return {};
}

void CatalogueMembers::index(const Member& member, const std::string& id) {
  for (const std::string& name : member.what.names) by_name_[name].push_back(id);
}

void CatalogueMembers::strike(const Member& member, const std::string& id) {
  for (const std::string& name : member.what.names) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) continue;
    std::erase(found->second, id);
    if (found->second.empty()) by_name_.erase(found);
  }
}

bool CatalogueMembers::has(const std::string& listed, std::string_view selection, Time now,
                           const std::string& but_not) const {
  const auto found = by_name_.find(listed);
  if (found == by_name_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const std::string& id) {
    const Member& member = members_.find(id)->second;
    return id != but_not && member.is_in(selection) && member.what.end > now;
  });
}

bool CatalogueMembers::covers(const std::string& name, std::string_view selection, Time now,
                              const std::string& but_not) const {
  if (has(name, selection, now, but_not)) return true;
  const std::size_t dot = name.find('.');
  return dot != std::string::npos && has("*" + name.substr(dot), selection, now, but_not);
}

}  // namespace ccm::lifecycle
