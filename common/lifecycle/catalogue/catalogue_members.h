// SPDX-License-Identifier: Apache-2.0
// The certificates of the store that catalogues of an account show, as the leader keeps them in
// memory beside their records (store/catalogue_membership.h). One thread; borrows the store.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/catalogue_membership.h"

namespace ccm::lifecycle {

class CatalogueMembers {
 public:
  struct Member {
    std::string entry;  // of the store
    store::Membership what;

    bool is_in(std::string_view selection) const;
  };

  explicit CatalogueMembers(store::Store& store) : store_(store) {}

  // What the records say.
  void load();
  // nullptr: none has this id.
  const Member* find(const std::string& id) const;
  // Ids of those that a selection has.
  std::vector<std::string> ids_of(std::string_view selection) const;
  std::size_t count(std::string_view selection) const;

  // Writes its record first.
  Result<void> put(const store::Lease& lease, const std::string& entry,
                   const store::Membership& what);
  // Takes it out of a selection. Out of the last one, the record goes; then `is_own` says whether
  // the entry with its certificate goes as well.
  Result<void> leave(const store::Lease& lease, const std::string& id, std::string_view selection,
                     bool is_own);

  // Whether a certificate that is in force covers the name; one with that id is left out of
  // account.
  bool covers(const std::string& name, std::string_view selection, Time now,
              const std::string& but_not = {}) const;

 private:
  void index(const Member& member, const std::string& id);
  void strike(const Member& member, const std::string& id);
  bool has(const std::string& listed, std::string_view selection, Time now,
           const std::string& but_not) const;

  store::Store& store_;
  std::map<std::string, Member> members_;                              // by id
  std::unordered_map<std::string, std::vector<std::string>> by_name_;  // ids
};

}  // namespace ccm::lifecycle
