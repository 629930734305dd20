// SPDX-License-Identifier: Apache-2.0
// What finalize() knows about one certificate while it applies the rules (certificate_rules.h and
// the kinds of source): its own directives, what it inherits, and sentences about both. Pure;
// config room only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "config/dialect.h"
#include "config/directives/values.h"
#include "config/raw_settings.h"

namespace ccm::config {

// What a certificate inherits, and how sentences spell its directives.
struct CertificateContext {
  const GlobalValues& global;
  const GlobalConfig& completed;  // the same with every default
  const CertificateValues& defaults;
  const Dialect& dialect;

  // A directive with its values in the right form.
  std::string form_of(std::string_view key) const;
};

// The error about one certificate. Its place is that of the directive `key`, or of the certificate
// if there is none.
Failure refuse(const RawCertificate& certificate, std::string_view key, std::string_view sentence);

struct CertificateInput {
  const RawCertificate& certificate;
  const CertificateValues& own;
  const CertificateContext& context;

  Failure refuse(std::string_view key, std::string_view sentence) const {
    return config::refuse(certificate, key, sentence);
  }
  // Whether it was written as a parameter of the short form, whose names are the same everywhere.
  bool is_parameter(std::string_view key) const;
  // A directive or parameter as the operator wrote it.
  std::string as_written(std::string_view key) const;
};

template <typename T>
T chosen(const std::optional<T>& own, const std::optional<T>& inherited, T fallback) {
  return own ? *own : inherited.value_or(std::move(fallback));
}

}  // namespace ccm::config
