// SPDX-License-Identifier: Apache-2.0
// The value of "store": where a host keeps its certificates. Pure functions; config room only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ccm::config {

// file | etcd https://HOST:PORT... fleet=NAME key=/path [ca=/path]
//        [certificate=/path certificate_key=/path] [login=/path]
// nullopt: only in the state directory.
Result<std::optional<FleetConfig>> parse_store(const std::vector<std::string>& arguments);

}  // namespace ccm::config
