// SPDX-License-Identifier: Apache-2.0
// An event that has not happened, to try out a hook (`ccmctl events test`). Pure.
#pragma once

#include "base/event.h"
#include "config/config.h"

namespace ccm::lifecycle {

// With every field that the type may have.
Event made_up_event(EventType type, const config::CertificateSpec& spec);

}  // namespace ccm::lifecycle
