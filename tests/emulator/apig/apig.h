// SPDX-License-Identifier: Apache-2.0
// Certificates of API gateways as the gateway service keeps them. Called under World's lock.
#pragma once

#include "service/operation.h"

namespace emulator {

// Checks name, certificate and key as CreateCertificateV2 gives them and makes or changes `record`.
void enter_gateway_certificate(const Call& call, json& record);
// A new record, stored.
json add_gateway_certificate(const Call& call);
// The caller's record of that identifier. Throws APIG.3030.
json require_gateway_certificate(const Call& call, const std::string& id);
void store_gateway_certificate(const Call& call, const json& record);
json gateway_certificate_view(const json& record);

}  // namespace emulator
