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
  // The ids of the certificates in a selection.
  std::vector<std::string> ids_of(std::string_view selection) const;
  std::size_t count(std::string_view selection) const;

  // Writes its record first.
  Result<void> put(const store::Lease& lease, const std::string& entry,
                   const store::Membership& what);
  // Removes it from a selection. When it is in none any more, its record is removed, and if
  // `is_own` also the entry with its certificate.
  Result<void> leave(const store::Lease& lease, const std::string& id, std::string_view selection,
                     bool is_own);

  // Whether a certificate in force covers the name; does not count the one with that id.
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
