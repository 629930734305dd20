// SPDX-License-Identifier: Apache-2.0
// Searches the whole store for a certificate that fits given names. An operator may swap names, add
// one in front or move one to another block while the cloud is down; what is stored for those names
// is still good.
//
// The first search reads the leaves of all current versions, and those of some older versions when
// no current one fits. The files of a result are verified before it is returned. One thread. Needs
// base and crypto only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/certificate/name_index.h"
#include "crypto/key/key_type.h"
#include "store/store_reader.h"

namespace ccm::store {

// Whether the certificate is in force and covers every name.
bool fits(const crypto::Certificate& leaf, const std::vector<std::string>& names, Time now);

// Whether the stored certificate may be shown for the names: the gate's rules about a bundle by
// itself (crypto/verification/serving_rules.h), except the type of key, because a wrong type is
// better than no certificate. For a version that passed the present rules when it was installed,
// only names and dates are checked, as long as nothing in its chain has expired.
Result<void> check_stored(const StoredCertificate& stored, const std::vector<std::string>& names,
                          Time now);

class StoredSearch {
 public:
  // `store` must outlive the object.
  StoredSearch(const StoreReader& store, Time now) : store_(store), now_(now) {}

  // All members but `names` only decide between several certificates that cover the names, in this
  // order.
  struct Wanted {
    const std::vector<std::string>& names;
    std::optional<crypto::KeyType> key;
    std::string origin;  // its beginning: "scm:"
    std::string entry;
  };
  struct Found {
    std::string entry;
    StoredCertificate certificate;
  };
  // The best valid certificate that covers all names and passes check_stored(); of several equally
  // good ones, the one that ends last.
  std::optional<Found> find(const Wanted& wanted);
  // The valid certificate that covers most of the names, if any, and passes check_stored() for
  // those.
  std::optional<Found> find_part(const Wanted& wanted);
  // Whether the store holds any certificate that covers one of the names, valid or not.
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
