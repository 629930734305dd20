// SPDX-License-Identifier: Apache-2.0
// The previous configuration's segment, as the master of a server sees it that loads a new one:
// what was shown until now. Used by bootstrap.h; one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "crypto/name_index.h"
#include "publication/reader.h"
#include "publication/writer.h"

namespace ccm::server {

// The names of the slots that a configuration's segment has: one for each certificate, and one for
// a version that is tried out, where the certificate has a canary.
std::vector<std::string> slots_of(const config::Config& config);

class Previous {
 public:
  // `segment` is borrowed; -1: there is none. One that cannot be read (of another release) counts
  // as none.
  explicit Previous(int segment);

  // What was shown for this certificate until now, as long as it is one for these names and still
  // valid.
  std::optional<publication::Published> shown(const config::CertificateSpec& spec, Time now);
  // What was shown for another one: of all that fit the one that ends last.
  std::optional<publication::Published> shown_elsewhere(const config::CertificateSpec& spec,
                                                        Time now);
  // Whether one of the names was shown with a certificate, however good.
  bool knows(const config::CertificateSpec& spec);
  bool shows_placeholder(const config::CertificateSpec& spec);
  // What authorities could fetch (publication::Writer::publish_proofs); nullopt: nothing was served
  // before.
  std::optional<std::string> proofs() const;
  // The keys of its session tickets (publication::Writer::publish_ticket_keys); none when nothing
  // was served before.
  Secret ticket_keys() const;

  // nullptr: there is none that can be read.
  const publication::Reader* reader() const noexcept { return reader_ ? &*reader_ : nullptr; }

  // For writing, if every certificate has its slot, every catalogue its place and nobody else
  // writes. Waits up to two seconds for who does.
  std::optional<publication::Writer> continued(const config::Config& config);

 private:
  const crypto::NameIndex& index();
  std::shared_ptr<const publication::Served> value(const config::CertificateSpec& spec);

  int segment_;
  std::optional<publication::Reader> reader_;
  std::optional<crypto::NameIndex> index_;  // of what its slots show, made when it is first needed
};

}  // namespace ccm::server
