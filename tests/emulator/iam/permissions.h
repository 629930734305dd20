// SPDX-License-Identifier: Apache-2.0
// What an access key may do: everything, unless the admin side gave it a list of services ("dns")
// and operations ("scm.ListCertificates"). Called under World's lock.
#pragma once

#include "service/operation.h"

namespace emulator {

// A sentence when the list is wrong; empty when it is sound. Null means everything.
std::string check_permissions(const json& permissions);
// Throws the service's error for a caller that lacks the permission.
void require_permission(const Call& call);

}  // namespace emulator
