// SPDX-License-Identifier: Apache-2.0
// Looks for the DNS record that proves a domain before an authority does, and in the same place: at
// the servers of the record's own zone, so that no cache answers. Blocks for a bounded time, about
// a minute at most. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cloud/proof/dns_client.h"

namespace ccm::cloud {

enum class ProofRecord : std::uint8_t { txt, cname };

struct DnsPlaces {
  // Whom to ask for a zone's servers and their addresses; empty: system_resolvers().
  std::vector<NameServer> resolvers = {};
  std::uint16_t zone_port = 53;  // on which the zones' servers answer
};

// Success when every server of the zone that answers has the record. `pending` when one has not:
// one sentence about what is there, what should be there, and where. `transient` when nobody could
// be asked. A TXT record may also be where a CNAME record at its name leads.
Result<void> look_for_record(const std::string& name, ProofRecord type, const std::string& value,
                             const DnsPlaces& places = {});

}  // namespace ccm::cloud
