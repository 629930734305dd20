// SPDX-License-Identifier: Apache-2.0
// Ready bundles for tests that need some certificate and do not care which.
#pragma once

#include <string>
#include <utility>

#include "crypto/certificate/bundle.h"
#include "support/test_pki.h"

namespace ccm::test {

// The issuing CA of the bundles below.
inline const TestAuthority& test_issuing_authority() {
  static const TestAuthority kIssuing = make_test_intermediate(make_test_root());
  return kIssuing;
}

// A fresh leaf for `name` below the issuing CA, key included.
inline crypto::Bundle make_test_bundle(const std::string& name = "www.example.com",
                                       TestCertificateOptions options = {}) {
  const TestAuthority& issuing = test_issuing_authority();
  options.names = {name};
  const TestCertificate leaf = make_test_leaf(issuing, std::move(options));
  return crypto::Bundle::make({leaf.certificate, issuing.certificate}, leaf.key).value();
}

}  // namespace ccm::test
