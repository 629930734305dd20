// SPDX-License-Identifier: Apache-2.0
#include "cli/host/cloud_subject.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/host/overview.h"
#include "sources/source_drivers.h"

namespace ccm::cli {
namespace {

using cloud::Service;

// "scs" and 13 digits, as SCM makes them (docs/design/differences.md, "IDs").
bool is_scm_id(std::string_view word) {
  constexpr std::size_t kLength = 16;
  return word.size() == kLength && word.starts_with("scs") &&
         word.find_first_not_of("0123456789", 3) == std::string_view::npos;
}

bool is_uuid(std::string_view word) {
  constexpr std::size_t kLength = 36;
  return word.size() == kLength && std::count(word.begin(), word.end(), '-') == 4 &&
         word.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

}  // namespace

Result<std::optional<CloudSubject>> find_subject(Workspace& workspace, const std::string& word) {
  if (is_scm_id(word)) return CloudSubject{Service::scm, word, {}, {}};
  if (is_uuid(word)) return CloudSubject{Service::pca, word, {}, {}};
  auto overview = look_at(workspace, word);
  if (!overview) return pass(std::move(overview));
  if (!*overview) return std::nullopt;
  if (!(*overview)->installed) {
    Terminal::say(fmt::format("ccmctl: {} has no certificate yet", word));
    return std::nullopt;
  }
  const auto& info = (*overview)->installed->info;
  const auto service = sources::service_of_origin(info.origin);
  if (!service) {
    return fail(ErrorKind::invalid, fmt::format("{}: its certificate did not come from the cloud "
                                                "({})",
                                                word, info.origin));
  }
  // The id is the last part, after the colon or the issuer.
  return CloudSubject{*service, info.origin.substr(info.origin.find_last_of(":/") + 1), word,
                      info.serial, (*overview)->spec != nullptr};
}

}  // namespace ccm::cli
