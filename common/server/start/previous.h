// SPDX-License-Identifier: Apache-2.0
// The previous configuration's segment, for a master that loads a new configuration: what the
// server has shown until now. Used by bootstrap.h; one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "crypto/certificate/name_index.h"
#include "publication/reader.h"
#include "publication/writer.h"

namespace ccm::server {

// The names of the slots that a configuration's segment has: one for each certificate, and one for
// a version that is tried out, where the certificate has a canary.
std::vector<std::string> slots_of(const config::Config& config);

class Previous {
 public:
  // `segment` is borrowed; -1: there is none. A segment that cannot be read, because it is of
  // another release, counts as none.
  explicit Previous(int segment);

  // What was shown for this certificate until now, if it is for these names and still valid.
  std::optional<publication::Published> shown(const config::CertificateSpec& spec, Time now);
  // What was shown for another certificate and fits; of several, the one that ends last.
  std::optional<publication::Published> shown_elsewhere(const config::CertificateSpec& spec,
                                                        Time now);
  // Whether any certificate was shown for one of the names, valid or not.
  bool knows(const config::CertificateSpec& spec);
  bool shows_placeholder(const config::CertificateSpec& spec);
  // What authorities could fetch (publication::Writer::publish_proofs); nullopt: nothing was
  // published before.
  std::optional<std::string> proofs() const;
  // The keys of the session tickets (publication::Writer::publish_ticket_keys); none when nothing
  // was published before.
  Secret ticket_keys() const;

  // nullptr: there is none that can be read.
  const publication::Reader* reader() const noexcept { return reader_ ? &*reader_ : nullptr; }

  // A writer for the segment, if it has a slot for every certificate, has every catalogue, and no
  // other process writes. Waits up to two seconds for another writer to end.
  std::optional<publication::Writer> continued(const config::Config& config);

 private:
  const crypto::NameIndex& index();
  std::shared_ptr<const publication::Served> value(const config::CertificateSpec& spec);

  int segment_;
  std::optional<publication::Reader> reader_;
  std::optional<crypto::NameIndex> index_;  // of what its slots show; built on first use
};

}  // namespace ccm::server
