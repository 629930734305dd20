// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/asn1_time.h"

#include <ctime>

#include "crypto/openssl.h"

namespace ccm::crypto {

std::optional<Time> to_time(const ASN1_TIME* time) noexcept {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    drain_openssl_errors();
    return std::nullopt;
  }
  return Time(Seconds(timegm(&parts)));
}

std::time_t to_time_t(Time time) noexcept {
  return static_cast<std::time_t>(time.time_since_epoch().count());
}

}  // namespace ccm::crypto
