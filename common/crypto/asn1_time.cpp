#include "crypto/asn1_time.h"

#include <chrono>
#include <ctime>

#include "crypto/openssl.h"

namespace ccm::crypto {

std::optional<Time> to_time(const ASN1_TIME* time) noexcept {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    drain_openssl_errors();
    return std::nullopt;
  }
  return std::chrono::floor<Seconds>(std::chrono::system_clock::from_time_t(timegm(&parts)));
}

}  // namespace ccm::crypto
