// SPDX-License-Identifier: Apache-2.0
// The certificates in SCM's lists, shared by all configured certificates: a hundred checks at the
// same time cost one list. Threads that ask while a list is being fetched wait for it.
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
#include "cloud/api/scm.h"
#include "crypto/certificate/certificate.h"

namespace ccm::sources {

// What only an export reveals about a certificate.
struct ScmFacts {
  crypto::KeyType key;
  Time not_before;
  Time not_after;
};

// Why a certificate could not be taken at the last try.
struct ScmTrouble {
  Error error;
  SteadyTime at;
  // The SHA-1 fingerprint of what the gate refused; empty when it was not a refusal for good.
  std::string refused_fingerprint;
  // Only the policy of the source has refused it; nothing else is wrong with it.
  bool is_unwanted = false;
};

class ScmCatalogue {
 public:
  using List = std::vector<cloud::ScmCertificate>;
  using SharedList = std::shared_ptr<const List>;

  ScmCatalogue(cloud::ScmClient& client, const Clock& clock) : client_(client), clock_(clock) {}

  // Certificates that can be exported: issued and imported ones. At most a few seconds old.
  Result<SharedList> issued();
  // Certificates in every state. Use issued() if that is enough, because the service cuts long
  // lists.
  Result<SharedList> all();
  // The next call for a list fetches a new one.
  void drop_lists();
  // Issued certificates whose name or domain resembles `name`, for accounts with more certificates
  // than one list shows. Not shared.
  Result<List> issued_like(const std::string& name);

  // Remembers what an export has revealed, so that an unsuitable certificate is not exported at
  // every check.
  void remember(const cloud::ScmCertificate& certificate, const crypto::Certificate& leaf);
  std::optional<ScmFacts> recall(const cloud::ScmCertificate& certificate) const;

  // Notes why one candidate cannot be taken for one certificate of the configuration; `key` names
  // both. True when the trouble is new or its sentence has changed.
  bool note_trouble(const std::string& key, Error error);
  // The trouble just noted is a refusal by the gate, which will not change with the next export.
  void note_refusal(const std::string& key, std::string fingerprint, bool is_unwanted);
  void forget_trouble(const std::string& key);
  std::optional<ScmTrouble> trouble(const std::string& key) const;
  Seconds age_of(const ScmTrouble& trouble) const;

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
  std::map<std::string, ScmTrouble> troubles_;
};

// A key that changes when the list shows other content for the certificate: names may be added to
// an id, and then its end changes.
std::string facts_key(const cloud::ScmCertificate& certificate);
// The certificates that can be exported and cover every name. The one that ends last comes first
// (according to the service, which is only a hint); of equal ones the greatest id, so that every
// host has the same order.
ScmCatalogue::List covering(const ScmCatalogue::List& list, const std::vector<std::string>& names);
bool covers_all(const cloud::ScmCertificate& certificate, const std::vector<std::string>& names);
// Whether it may still be issued (docs/design/differences.md, "SCM certificate states").
bool is_pending(const cloud::ScmCertificate& certificate) noexcept;
// Whether it is revoked or being revoked.
bool is_revoked(const cloud::ScmCertificate& certificate) noexcept;
// No time zone is farther from UTC.
inline constexpr Seconds kZoneTolerance = std::chrono::hours(14);
// The end that the service states, in an unknown time zone; nullopt when it is not a date.
std::optional<Time> hinted_end(const cloud::ScmCertificate& certificate);

}  // namespace ccm::sources
