// SPDX-License-Identifier: Apache-2.0
#include "server/status/status_view.h"

#include <algorithm>

#include "base/text.h"

namespace ccm::server {
namespace {

bool contains(std::string_view text, const std::string& wanted) {
  return to_lower(text).find(wanted) != std::string::npos;
}

bool has_text(const CertificateReport& certificate, const std::string& wanted) {
  if (wanted.empty() || contains(certificate.spec->name, wanted)) return true;
  return std::any_of(certificate.spec->names.begin(), certificate.spec->names.end(),
                     [&](const std::string& name) { return contains(name, wanted); });
}

bool has_state(const CertificateReport& certificate, const std::string& wanted) {
  if (wanted.empty()) return true;
  if (wanted == "trouble") return certificate.level != Health::good;
  return wanted == word_of(certificate.condition) || wanted == to_string(certificate.level);
}

}  // namespace

StatusPage select(const StatusReport& report, const StatusFilter& filter) {
  StatusPage page;
  for (const CertificateReport& each : report.certificates) {
    if (has_text(each, filter.text) && has_state(each, filter.state)) {
      page.certificates.push_back(&each);
    }
  }
  page.matching = page.certificates.size();
  if (filter.per_page == 0) return page;
  page.pages = std::max<std::size_t>((page.matching + filter.per_page - 1) / filter.per_page, 1);
  page.page = std::clamp<std::size_t>(filter.page, 1, page.pages);
  const std::size_t first = (page.page - 1) * filter.per_page;
  const std::size_t last = std::min(first + filter.per_page, page.matching);
  auto& all = page.certificates;
  all = {all.begin() + static_cast<std::ptrdiff_t>(first),
         all.begin() + static_cast<std::ptrdiff_t>(last)};
  return page;
}

std::string_view to_string(publication::Identity identity) noexcept {
  switch (identity) {
    case publication::Identity::unknown:
      return "unknown";
    case publication::Identity::unreadable:
      return "unreadable";
    case publication::Identity::accepted:
      return "accepted";
    case publication::Identity::refused:
      return "refused";
  }
  return "";
}

}  // namespace ccm::server
