// SPDX-License-Identifier: Apache-2.0
// Makes an Admission without the gate, for tests that put certificates into a store.
#pragma once

#include <string>

#include "crypto/certificate/bundle.h"
#include "policy/admission.h"
#include "store/store.h"
#include "support/test_bundle.h"

namespace ccm::policy {

class AdmissionForTests {
 public:
  static Admission of(const std::string& name, const crypto::Certificate& leaf) {
    return {name, leaf};
  }
};

}  // namespace ccm::policy

namespace ccm::test {

inline policy::Admission let_in(const std::string& name, const crypto::Bundle& bundle) {
  return policy::AdmissionForTests::of(name, bundle.leaf());
}

// Of a version that is stored; of some other certificate when it cannot be read.
inline policy::Admission let_back(const store::Store& store, const std::string& name,
                                  store::VersionNumber version) {
  const auto stored = store.load_version(name, version);
  return let_in(name, stored ? stored->bundle : make_test_bundle());
}

}  // namespace ccm::test
