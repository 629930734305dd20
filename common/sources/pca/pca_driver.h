// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sources/source_drivers.h"

namespace ccm::sources {

extern const SourceDriver kPcaDriver;

}  // namespace ccm::sources
