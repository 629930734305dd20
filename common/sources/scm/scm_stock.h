// SPDX-License-Identifier: Apache-2.0
// Chooses for some names a certificate that was paid for and that nobody has applied for yet. Pure
// functions: every attempt and every host makes the same choice.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloud/api/scm.h"
#include "config/issue.h"

namespace ccm::sources {

// Whether the product takes these names, and the settings have what its type requires. Allows one
// wildcard more than the product counts, because the first name may be one; SCM refuses it
// otherwise.
bool is_fit(const cloud::ScmCertificate& stock, const std::vector<std::string>& names,
            const config::Issue& issue);
// The smallest product that fits: DV before OV before EV, then the fewest names, then the smallest
// id. nullptr when none fits. `unfit`: ids to leave out.
const cloud::ScmCertificate* choose_stock(const std::vector<cloud::ScmCertificate>& paid,
                                          const std::vector<std::string>& names,
                                          const config::Issue& issue,
                                          const std::vector<std::string>& unfit);
// What is missing when none fits, and what is there instead, as a part of a sentence.
std::string describe_lack(const std::vector<cloud::ScmCertificate>& paid,
                          const std::vector<std::string>& names, const config::Issue& issue);
// The names in the order in which the product takes them: the domain first.
std::vector<std::string> in_product_order(std::vector<std::string> names, bool wildcard_first);

// Whether somebody has applied for it and it was neither issued nor refused. An unknown state
// counts as in progress.
bool is_in_progress(const cloud::ScmCertificate& certificate) noexcept;
// How long an authority usually takes at most to issue it.
Seconds usual_time(const cloud::ScmCertificate& certificate) noexcept;
bool needs_company(const cloud::ScmCertificate& certificate) noexcept;

}  // namespace ccm::sources
