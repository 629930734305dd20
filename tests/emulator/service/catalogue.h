// SPDX-License-Identifier: Apache-2.0
// Every operation of the emulated cloud in one list, and the list as JSON. Constant after start.
#pragma once

#include "service/operation.h"

namespace emulator {

// The tables, one for each room of the cloud.
Operations iam_operations();
Operations iam_federation_operations();
Operations scm_operations();
Operations scm_tag_operations();
Operations scm_csr_operations();
Operations scm_deployment_operations();
Operations scm_history_operations();
Operations scm_history_application_operations();
Operations pca_operations();
Operations pca_life_operations();
Operations pca_setting_operations();
Operations pca_tag_operations();
Operations apig_operations();
Operations apig_binding_operations();
Operations dns_operations();
Operations metadata_operations();
Operations pki_operations();
Operations admin_operations();

Operations all_operations();

// {"operations": [{service, id, method, path, parameters: [{in, name, type, required, minimum,
// maximum, values, fields}]}], "errors": [{code, status, message}]} without the admin side.
json describe_operations();

}  // namespace emulator
