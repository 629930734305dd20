// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "crypto/certificate/certificate.h"
#include "crypto/certificate/recent_certificates.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

Certificate parsed(const std::vector<std::byte>& der) {
  return Certificate::parse_der(der).value();
}

TEST(RecentCertificates, EqualBytesGiveTheSameObjectUntilTooManyOthersCame) {
  std::vector<std::vector<std::byte>> ders;
  for (const char* name : {"a.example", "b.example", "c.example"}) {
    ders.push_back(test::make_test_self_signed({.names = {name}}).certificate.to_der());
  }
  const Certificate before = parsed(ders[0]);
  EXPECT_NE(parsed(ders[0]).native(), before.native()) << "nobody has asked for it";

  keep_recent_certificates(2);
  const Certificate first = parsed(ders[0]);
  EXPECT_EQ(parsed(ders[0]).native(), first.native());
  const Certificate second = parsed(ders[1]);
  EXPECT_EQ(parsed(ders[0]).native(), first.native());
  // The second one was used longest ago.
  const Certificate third = parsed(ders[2]);
  EXPECT_EQ(parsed(ders[0]).native(), first.native());
  EXPECT_NE(parsed(ders[1]).native(), second.native());

  std::vector<std::byte> altered = ders[0];
  altered.push_back(std::byte{0});
  EXPECT_FALSE(Certificate::parse_der(altered));
}

}  // namespace
}  // namespace ccm::crypto
