// SPDX-License-Identifier: Apache-2.0
// Looks through everything in the store for a certificate that fits some names, whoever's entry it
// lies in: names may be swapped, added in front or move to another block while the cloud is away,
// and what is stored for them is good all the same.
//
// The leaves of all current versions are read once, when the first question comes, and those of
// some older versions when the current ones have no answer; the files of an answer are verified
// before it is given. One thread. Links base and crypto only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/key_type.h"
#include "crypto/name_index.h"
#include "store/store_reader.h"

namespace ccm::store {

// Whether the certificate is in force and covers every name.
bool fits(const crypto::Certificate& leaf, const std::vector<std::string>& names, Time now);

// Whether what is stored may be shown for the names: the gate's rules about a bundle by itself
// (crypto/serving_rules.h), but for the type of key, of which the wrong one is better than none.
// Versions that passed the present rules when they came in are asked for names and dates only, as
// long as nothing in their chain is over.
Result<void> check_stored(const StoredCertificate& stored, const std::vector<std::string>& names,
                          Time now);

class StoredSearch {
 public:
  // `store` must outlive the object.
  StoredSearch(const StoreReader& store, Time now) : store_(store), now_(now) {}

  // Each but the names only decides between several that cover them, in this order.
  struct Wanted {
    const std::vector<std::string>& names;
    std::optional<crypto::KeyType> key;
    std::string origin;  // how it begins: "scm:"
    std::string entry;
  };
  struct Found {
    std::string entry;
    StoredCertificate certificate;
  };
  // The best in force that covers all names and passes check_stored(); of several as good the one
  // that ends last.
  std::optional<Found> find(const Wanted& wanted);
  // The one in force that covers most of the names, if any, and would pass for those it covers.
  std::optional<Found> find_part(const Wanted& wanted);
  // Whether anything that covers one of the names was ever installed and still lies there.
  bool knows(const std::vector<std::string>& names);

 private:
  struct Leaf {
    std::string entry;
    VersionInfo info;
    std::vector<std::string> names;
    crypto::KeyType key;
  };
  struct Index {
    std::vector<Leaf> leaves;
    crypto::NameIndex by_name;
    bool is_built = false;
  };
  enum class Cover : bool { all, some };
  enum class Versions : bool { current, older };

  void build(Index& index, Versions which) const;
  std::optional<Found> best(const Index& index, const Wanted& wanted, Cover cover) const;

  const StoreReader& store_;
  Time now_;
  Index current_;
  Index older_;
};

}  // namespace ccm::store
