// SPDX-License-Identifier: Apache-2.0
// The rules that need a whole certificate: defaults, inheritance and what contradicts what. Pure
// functions; config room only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/checks/certificate_input.h"
#include "config/raw_settings.h"

namespace ccm::config {

// The checked specification of one certificate. `names_in_use` are the names its virtual hosts
// give; they count when the certificate lists none itself. The error names the certificate and the
// place.
Result<CertificateSpec> make_spec(const RawCertificate& certificate,
                                  const std::vector<std::string>& names_in_use,
                                  const CertificateContext& context);

}  // namespace ccm::config
