// SPDX-License-Identifier: Apache-2.0
// Pushing a certificate, for v3 and the historical v2. Called under World's lock.
#pragma once

#include <string>

#include "service/operation.h"

namespace emulator {

// Enters the push; returns the identifier of the copy in the target service. `service` in capitals.
// Throws Refusal for a region that is unknown or that the service does not have.
std::string push_certificate(Call& call, const json& record, const std::string& service,
                             const std::string& region);

}  // namespace emulator
