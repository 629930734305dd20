// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fmt/format.h>

namespace ccm::store {

Failure refuse_admission(const policy::Admission& admission) {
  return fail(ErrorKind::internal,
              fmt::format("the gate has let in another certificate for \"{}\" than this one",
                          admission.name()));
}

}  // namespace ccm::store
