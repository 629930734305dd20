// SPDX-License-Identifier: Apache-2.0
// Handlers of PCA's certificate operations. Called under World's lock.
#pragma once

#include "service/operation.h"

namespace emulator::pca {

// pca_issuance.cpp
Reply create_certificate(Call& call);
Reply create_certificate_by_csr(Call& call);
Reply parse_signing_request_text(Call& call);

// pca_certificates.cpp
Reply list_certificates(Call& call);
Reply show_certificate(Call& call);
Reply delete_certificate(Call& call);
Reply revoke_certificate(Call& call);

// pca_export.cpp
Reply export_certificate(Call& call);

}  // namespace emulator::pca
