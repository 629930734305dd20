// SPDX-License-Identifier: Apache-2.0
// The gate's word that a certificate may be stored by a name. Only the gate makes one (gate.h), and
// the store takes nothing without one, so no way leads round the gate. Values; any thread.
#pragma once

#include <string>
#include <utility>

#include "crypto/certificate.h"

namespace ccm::policy {

class Admission {
 public:
  // By which name it is stored.
  const std::string& name() const noexcept { return name_; }
  // Whether it is this certificate that was let in.
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
