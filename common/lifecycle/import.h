// SPDX-License-Identifier: Apache-2.0
// A certificate that the operator brings along, bought elsewhere or moved from another program:
// it becomes a version like every other, through the same gate. The engine leaves it alone until
// its renewal is due, whatever the cloud has (attempt.h); `ccmctl renew` ends that sooner.
//
// Free functions; whoever holds the store's lease.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "crypto/bundle.h"
#include "store/store.h"

namespace ccm::lifecycle {

// What would keep the bundle out, judged by what is installed: the gate's sentence.
Result<void> judge_import(const config::CertificateSpec& spec,
                          const store::StoreReader::Loaded& installed, const crypto::Bundle& bundle,
                          Time now);

// Judges and installs. Errors are the gate's and the store's.
Result<store::VersionInfo> install_import(store::Store& store, const store::Lease& lease,
                                          const config::CertificateSpec& spec,
                                          const crypto::Bundle& bundle, Time now);

}  // namespace ccm::lifecycle
