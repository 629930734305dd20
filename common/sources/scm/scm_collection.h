// SPDX-License-Identifier: Apache-2.0
// Every certificate that SCM has issued for an account, for catalogues. Uploads are left out,
// because anybody with the right to import could have one served for any name.
//
// A list shows 150 in each order (docs/design/differences.md, "Paging"). What one order does not
// show is searched in the others, then with the search by tags, then by pieces of the names. What
// is still out of sight is counted.
//
// Thread-safe as far as Session is. Borrows the store and the clock.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cloud/api/scm.h"
#include "sources/collection.h"
#include "store/store.h"

namespace ccm::sources {

class ScmCollection final : public Collection {
 public:
  ScmCollection(cloud::ScmClient client, const store::Store& store)
      : client_(std::move(client)), store_(store) {}

  Result<std::string> glance(const config::CatalogueSpec& catalogue) override;
  Result<Inventory> list(const config::CatalogueSpec& catalogue) override;
  Result<std::vector<CollectedItem>> find(const config::CatalogueSpec& catalogue,
                                          const std::string& name) override;
  Result<Standing> standing(const std::string& id) override;
  Result<crypto::Bundle> fetch(const CollectedItem& item, Time now) override;

 private:
  Result<bool> has_tag(const std::string& id, const config::CatalogueTag& tag);

  cloud::ScmClient client_;
  const store::Store& store_;
};

}  // namespace ccm::sources
