// SPDX-License-Identifier: Apache-2.0
#include "config/checks/certificate_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/directives/store_directive.h"
#include "config/directives/table.h"
#include "config/sentences.h"

namespace ccm::config {
namespace {

// The certificate's own directive; nullptr when it has none.
const RawDirective* own_directive(const RawCertificate& certificate, std::string_view key) {
  const auto found = std::find_if(certificate.directives.begin(), certificate.directives.end(),
                                  [key](const RawDirective& d) { return d.key == key; });
  return found == certificate.directives.end() ? nullptr : &*found;
}

}  // namespace

std::string CertificateContext::form_of(std::string_view key) const {
  const Directive* row = find_directive(key);
  return row == nullptr ? std::string(key) : config::form_of(*row, dialect);
}

Failure refuse(const RawCertificate& certificate, std::string_view key, std::string_view sentence) {
  const RawDirective* directive = own_directive(certificate, key);
  return fail(ErrorKind::invalid,
              at(fmt::format("certificate \"{}\": {}", certificate.name, sentence),
                 directive == nullptr ? certificate.origin : directive->origin));
}

bool CertificateInput::is_parameter(std::string_view key) const {
  return certificate.is_implicit && own_directive(certificate, key) != nullptr;
}

std::string CertificateInput::as_written(std::string_view key) const {
  return is_parameter(key) ? std::string(key) : context.dialect.spell(key);
}

}  // namespace ccm::config
