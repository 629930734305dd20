// What SCM has, as its lists show it, shared by all certificates: a hundred that are looked at
// together cost one list, and threads that come while it is being fetched wait for it.
//
// Thread-safe. Borrows its arguments; owned by ScmSource.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/scm.h"
#include "crypto/certificate.h"

namespace ccm::lifecycle {

// What only an export reveals about a certificate.
struct ScmFacts {
  crypto::KeyType key;
  Time not_before;
  Time not_after;
};

class ScmCatalogue {
 public:
  using List = std::vector<cloud::ScmCertificate>;
  using SharedList = std::shared_ptr<const List>;

  ScmCatalogue(cloud::ScmClient& client, const Clock& clock) : client_(client), clock_(clock) {}

  // Certificates that can be exported: issued and imported ones. At most a few seconds old.
  Result<SharedList> issued();
  // Certificates in whatever state: the second choice, because the service cuts long lists.
  Result<SharedList> all();
  // The next to ask for a list gets a new one.
  void drop_lists();
  // Issued ones whose name or domain resembles `name`: for accounts with more certificates than one
  // list shows. Not shared.
  Result<List> issued_like(const std::string& name);

  // So that a certificate whose key type or end does not suit is not exported at every check.
  void remember(const cloud::ScmCertificate& certificate, const crypto::Certificate& leaf);
  std::optional<ScmFacts> recall(const cloud::ScmCertificate& certificate) const;

 private:
  struct Listing {
    std::mutex mutex;  // held while fetching: that is what others wait for
    std::optional<SteadyTime> fetched_at;
    Result<SharedList> result;
  };
  Result<SharedList> shared(Listing& listing, const std::function<Result<List>()>& fetch);
  Result<List> list_issued(const std::string& content);

  cloud::ScmClient& client_;
  const Clock& clock_;
  Listing issued_;
  Listing all_;
  mutable std::mutex facts_mutex_;
  std::map<std::string, ScmFacts> facts_;
};

// Those that can be exported and cover every name, the longest-lived first (by the service's own
// words, which are a hint only).
ScmCatalogue::List covering(const ScmCatalogue::List& list, const std::vector<std::string>& names);
bool covers_all(const cloud::ScmCertificate& certificate, const std::vector<std::string>& names);
// Applied for or about to be issued, so that waiting helps (differences.md, table of states).
bool is_pending(const cloud::ScmCertificate& certificate) noexcept;
// Every spelling of revoked and of being revoked.
bool is_revoked(const cloud::ScmCertificate& certificate) noexcept;
// The end as the service tells it, in an unknown time zone; nullopt when it is no date.
std::optional<Time> hinted_end(const cloud::ScmCertificate& certificate);

}  // namespace ccm::lifecycle
