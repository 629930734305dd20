// Ready bundles for tests that need some certificate and do not care which.
#pragma once

#include <string>
#include <utility>

#include "crypto/bundle.h"
#include "support/test_pki.h"

namespace ccm::test {

// A fresh leaf for `name` below a fresh issuing CA, key included.
inline crypto::Bundle make_test_bundle(const std::string& name = "www.example.com",
                                       TestCertificateOptions options = {}) {
  static const TestAuthority kRoot = make_test_root();
  static const TestAuthority kIssuing = make_test_intermediate(kRoot);
  options.names = {name};
  const TestCertificate leaf = make_test_leaf(kIssuing, std::move(options));
  return crypto::Bundle::make({leaf.certificate, kIssuing.certificate}, leaf.key).value();
}

}  // namespace ccm::test
