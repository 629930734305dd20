// SPDX-License-Identifier: Apache-2.0
// Which certificate that was paid for and not applied for yet is taken for some names. Pure
// functions: the same choice at every try and on every host.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloud/api/scm.h"
#include "config/issue.h"

namespace ccm::sources {

// Whether the product takes so many names of such a kind, and the settings have what its type asks.
// One wildcard more than it counts, as the first name may be one; if not, SCM says so.
bool is_fit(const cloud::ScmCertificate& stock, const std::vector<std::string>& names,
            const config::Issue& issue);
// The most modest one that fits: DV before OV before EV, no larger than needed, then the smallest
// id. nullptr when none does; `unfit`: ids that are out of the question.
const cloud::ScmCertificate* choose_stock(const std::vector<cloud::ScmCertificate>& paid,
                                          const std::vector<std::string>& names,
                                          const config::Issue& issue,
                                          const std::vector<std::string>& unfit);
// What is missing when none fits, and what there is instead, as a part of a sentence.
std::string describe_lack(const std::vector<cloud::ScmCertificate>& paid,
                          const std::vector<std::string>& names, const config::Issue& issue);
// The names in the order in which the product takes them: the domain first.
std::vector<std::string> in_product_order(std::vector<std::string> names, bool wildcard_first);

// It was applied for, and has neither been issued nor refused. Every state that is not known is
// counted among them.
bool is_in_progress(const cloud::ScmCertificate& certificate) noexcept;
// How long an authority usually takes at most.
Seconds usual_time(const cloud::ScmCertificate& certificate) noexcept;
bool needs_company(const cloud::ScmCertificate& certificate) noexcept;

}  // namespace ccm::sources
