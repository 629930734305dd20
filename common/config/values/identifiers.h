// SPDX-License-Identifier: Apache-2.0
// The form of names: of accounts, regions, certificates, catalogues and fleets. Whether something
// of that name exists is another question. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ccm::config {

Result<std::string> parse_user(const std::string& text);
Result<std::string> parse_region(const std::string& text);

// `invalid` unless the name is [A-Za-z0-9._-]{1,128} without a leading dot. Also for certificates
// that no configuration names.
Result<void> check_certificate_name(std::string_view name);
Result<void> check_catalogue_name(std::string_view name);
Result<void> check_fleet_name(std::string_view name);

}  // namespace ccm::config
