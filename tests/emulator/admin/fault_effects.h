// SPDX-License-Identifier: Apache-2.0
// What an armed fault does to an answer. Called under World's lock.
#pragma once

#include <functional>

#include "service/operation.h"

namespace emulator {

// Answers in place of `work`, or runs it and spoils its answer. Effects on certificates and keys
// are not applied here but where these are made (certificate_effects.h).
Reply apply_fault(Call& call, const std::function<Reply()>& work);

}  // namespace emulator
