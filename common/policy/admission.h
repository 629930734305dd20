// SPDX-License-Identifier: Apache-2.0
// The gate's permission to store a certificate under a name. Only the gate makes one (gate.h), and
// the store takes no certificate without one, so nothing bypasses the gate. Values; any thread.
#pragma once

#include <string>
#include <utility>

#include "crypto/certificate/certificate.h"

namespace ccm::policy {

class Admission {
 public:
  // The name under which it is stored.
  const std::string& name() const noexcept { return name_; }
  // Whether the gate let in this certificate.
  bool is_for(const crypto::Certificate& leaf) const { return leaf.fingerprint() == fingerprint_; }

 private:
  friend class Gate;               // gate.cpp
  friend class AdmissionForTests;  // tests/support/admission.h

  Admission(std::string name, const crypto::Certificate& leaf)
      : name_(std::move(name)), fingerprint_(leaf.fingerprint()) {}

  std::string name_;
  std::string fingerprint_;
};

}  // namespace ccm::policy
