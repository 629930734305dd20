// SPDX-License-Identifier: Apache-2.0
#include "sources/scm/scm_stock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "base/sentences.h"
#include "crypto/certificate/names.h"

namespace ccm::sources {
namespace {

using namespace std::chrono_literals;
using cloud::ScmCertificate;

constexpr Seconds kUsualForDomains = 24h;
constexpr Seconds kUsualForCompanies = 7 * 24h;
constexpr std::size_t kStockInSentence = 3;
constexpr std::string_view kSingle = "SINGLE_DOMAIN";
constexpr std::string_view kWildcard = "WILDCARD";
constexpr std::string_view kMulti = "MULTI_DOMAIN";

std::int64_t wildcards_in(const std::vector<std::string>& names) {
  return std::count_if(names.begin(), names.end(), crypto::is_wildcard);
}

// DV, then OV, then EV.
int rank_of(const ScmCertificate& stock) {
  return stock.type.starts_with("DV") ? 0 : stock.type.starts_with("OV") ? 1 : 2;
}

auto order_of(const ScmCertificate& stock) {
  return std::tuple(rank_of(stock), stock.domain_type == kMulti, stock.domain_count,
                    stock.wildcard_count, std::string_view(stock.id));
}

}  // namespace

bool is_fit(const ScmCertificate& stock, const std::vector<std::string>& names,
            const config::Issue& issue) {
  // Such certificates cannot be proved by file.
  if (needs_company(stock) && (issue.by_file || !issue.company)) return false;
  const auto count = static_cast<std::int64_t>(names.size());
  const std::int64_t wildcards = wildcards_in(names);
  if (stock.domain_type == kSingle) return count == 1 && wildcards == 0;
  if (stock.domain_type == kWildcard) return count == 1 && wildcards == 1;
  return stock.domain_type == kMulti && count <= stock.domain_count &&
         wildcards <= stock.wildcard_count + 1;
}

const ScmCertificate* choose_stock(const std::vector<ScmCertificate>& paid,
                                   const std::vector<std::string>& names,
                                   const config::Issue& issue,
                                   const std::vector<std::string>& unfit) {
  const ScmCertificate* best = nullptr;
  for (const ScmCertificate& stock : paid) {
    const bool is_out = stock.status != "PAID" || !is_fit(stock, names, issue) ||
                        std::find(unfit.begin(), unfit.end(), stock.id) != unfit.end();
    if (is_out) continue;
    if (best == nullptr || order_of(stock) < order_of(*best)) best = &stock;
  }
  return best;
}

std::string describe_lack(const std::vector<ScmCertificate>& paid,
                          const std::vector<std::string>& names, const config::Issue& issue) {
  std::vector<std::string> others;
  bool lacks_company = false;
  for (const ScmCertificate& stock : paid) {
    if (stock.status != "PAID") continue;
    others.push_back(fmt::format("{} ({}, {}, {} names, {} wildcards)", stock.id, stock.type,
                                 stock.domain_type, stock.domain_count, stock.wildcard_count));
    lacks_company = lacks_company || (needs_company(stock) && (issue.by_file || !issue.company));
  }
  const std::string stock =
      others.empty()
          ? "nothing that was paid for waits there to be applied for"
          : fmt::format("what was paid for does not fit: {}", enumerated(others, kStockInSentence));
  return fmt::format(
      "{}; it takes one for {} name{} with {} wildcard{}{}", stock, names.size(),
      names.size() == 1 ? "" : "s", wildcards_in(names), wildcards_in(names) == 1 ? "" : "s",
      lacks_company ? " (the types OV and EV take issue_company and a proof by DNS)" : "");
}

std::vector<std::string> in_product_order(std::vector<std::string> names, bool wildcard_first) {
  std::stable_partition(names.begin(), names.end(), [wildcard_first](const std::string& name) {
    return crypto::is_wildcard(name) == wildcard_first;
  });
  return names;
}

bool is_in_progress(const ScmCertificate& certificate) noexcept {
  constexpr std::array<std::string_view, 8> kOver{"PAID",
                                                  "ISSUED",
                                                  "UPLOAD",
                                                  "UNPASSED",
                                                  "EXPIRED",
                                                  "CANCLEREVOKING",
                                                  "CANCELSUPPLEMENTING",
                                                  "CANCELCHECKING"};
  return std::find(kOver.begin(), kOver.end(), certificate.status) == kOver.end() &&
         !certificate.status.starts_with("REVOK");
}

Seconds usual_time(const ScmCertificate& certificate) noexcept {
  return needs_company(certificate) ? kUsualForCompanies : kUsualForDomains;
}

bool needs_company(const ScmCertificate& certificate) noexcept {
  return certificate.type.starts_with("OV") || certificate.type.starts_with("EV");
}

}  // namespace ccm::sources
