// SPDX-License-Identifier: Apache-2.0
// Everything in an account, for catalogues, whose certificates no configuration names one by one
// (config/catalogue.h). What a list says of a certificate is a hint: only its content decides, and
// reading that takes a fetch.
//
// Implementations are thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/certificate/bundle.h"

namespace ccm::sources {

// One certificate as a list shows it.
struct CollectedItem {
  std::string id;
  std::string origin;              // "scm:ID", as in Obtained
  std::vector<std::string> names;  // lower case, A-labels, not checked
  std::string mark;                // changes when the certificate of this id gets other content
};

struct Inventory {
  std::vector<CollectedItem> items;
  std::int64_t hidden = 0;  // in the service's count, and in no list
};

// The state of a certificate that is not listed any more.
enum class Standing : std::uint8_t {
  usable,   // as before: the list has left it out, or its tag is gone
  revoked,  // revoked, or about to be
  over,     // ended, withdrawn, or in another state in which it cannot be used
  gone,     // nobody knows it
};

class Collection {
 public:
  Collection() = default;
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;
  virtual ~Collection() = default;

  // A cheap look with one call: another text when list() probably shows something else.
  virtual Result<std::string> glance(const config::CatalogueSpec& catalogue) = 0;
  // Everything usable that the service shows.
  virtual Result<Inventory> list(const config::CatalogueSpec& catalogue) = 0;
  // The certificates that cover a name for which a client asked; takes a few calls. Empty when
  // there is none.
  virtual Result<std::vector<CollectedItem>> find(const config::CatalogueSpec& catalogue,
                                                  const std::string& name) = 0;
  virtual Result<Standing> standing(const std::string& id) = 0;
  // The certificate with its key. `rejected` when only a change in the account or in the settings
  // can help.
  virtual Result<crypto::Bundle> fetch(const CollectedItem& item, Time now) = 0;
};

}  // namespace ccm::sources
