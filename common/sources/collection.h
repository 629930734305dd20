// SPDX-License-Identifier: Apache-2.0
// All that an account has, for catalogues that no configuration names certificate by certificate
// (config/catalogue.h). What a list says of a certificate is a hint: only its content decides, and
// that takes a fetch.
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
  std::string origin;              // "scm:ID", as of an Obtained
  std::vector<std::string> names;  // lower case, A-labels, not checked
  std::string mark;                // another one when the same id has got other content
};

struct Inventory {
  std::vector<CollectedItem> items;
  std::int64_t hidden = 0;  // that the service says it has, and that no list has shown
};

// What became of one that is no longer listed.
enum class Standing : std::uint8_t {
  usable,   // as before: the list has left it out, or its tag is gone
  revoked,  // or about to be
  over,     // ended, withdrawn, in whatever state it cannot be used
  gone,     // nobody knows it
};

class Collection {
 public:
  Collection() = default;
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;
  virtual ~Collection() = default;

  // A cheap look, one call: another text when list() probably shows something else.
  virtual Result<std::string> glance(const config::CatalogueSpec& catalogue) = 0;
  // Everything that can be used, as far as the service shows it.
  virtual Result<Inventory> list(const config::CatalogueSpec& catalogue) = 0;
  // What covers a name that a client asked for, a few calls; none when there is nothing.
  virtual Result<std::vector<CollectedItem>> find(const config::CatalogueSpec& catalogue,
                                                  const std::string& name) = 0;
  virtual Result<Standing> standing(const std::string& id) = 0;
  // The certificate with its key. `rejected` when only a change there or of the settings can help.
  virtual Result<crypto::Bundle> fetch(const CollectedItem& item, Time now) = 0;
};

}  // namespace ccm::sources
