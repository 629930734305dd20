// SPDX-License-Identifier: Apache-2.0
// The short form of a certificate: `source=scm [key=value …]` beside a virtual host. Pure function;
// config room only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/raw_settings.h"

namespace ccm::config {

// The certificate of a virtual host without a block. Its server names are those of `names=` or of
// the virtual host. Its own name is that of `name=`, or else the first server name, followed by the
// kind of key when `key=` is given; so it stays the same when an alias is added.
Result<RawCertificate> make_implicit(const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& server_names,
                                     const Origin& origin);

// Whether make_implicit() fails only because there is no usable name.
bool lacks_names(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& server_names);

}  // namespace ccm::config
