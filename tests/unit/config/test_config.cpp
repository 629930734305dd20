// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "config/config.h"
#include "settings_builder.h"

namespace ccm::config {
namespace {

CertificateSpec spec_from(const std::string& block) {
  const auto config = configured(std::string(kCloud) + "certificate a\n" + block);
  EXPECT_TRUE(config) << problem_of(config);
  return config->certificates().at(0);
}

TEST(Fingerprint, ChangesWithEverythingThatDecidesAnAttempt) {
  const std::string base = "  source pca issuer=ISSUER\n  names a.example\n";
  std::set<std::string> fingerprints;
  const std::string variants[] = {
      base,
      base + "  key rsa:2048\n",
      base + "  validity 30d\n",
      base + "  key_origin cloud\n",
      "  source pca issuer=00000000-0000-0000-0000-000000000000\n  names a.example\n",
      "  source pca issuer=ISSUER\n  names a.example b.example\n",
      "  source scm\n  names a.example\n",
      "  source scm id=scs1554192131150\n  names a.example\n",
      "  source scm uploads=on\n  names a.example\n",
      "  source scm uploads=off\n  names a.example\n",
      "  source scm issuers=A\n  names a.example\n",
      "  source scm issuers=A|B\n  names a.example\n",
      "  source scm trust=system\n  names a.example\n",
      "  source scm trust=/a.pem\n  names a.example\n",
      "  source scm trust=/b.pem\n  names a.example\n",
      "  source scm\n  names a.example\n  key rsa:2048\n",
  };
  for (const std::string& variant : variants) {
    EXPECT_TRUE(fingerprints.insert(spec_from(variant).fingerprint()).second) << variant;
  }
}

TEST(Fingerprint, StaysWithTheRest) {
  const std::string base = "  source scm\n  names a.example\n";
  const std::string fingerprint = spec_from(base).fingerprint();
  EXPECT_EQ(fingerprint.size(), 64U);
  EXPECT_EQ(spec_from("\n\n" + base).fingerprint(), fingerprint);
  EXPECT_EQ(spec_from(base + "  keep 9\n  fallback off\n  check_interval 1h\n").fingerprint(),
            fingerprint);
}

}  // namespace
}  // namespace ccm::config
