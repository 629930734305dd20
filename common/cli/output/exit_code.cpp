// SPDX-License-Identifier: Apache-2.0
#include "cli/output/exit_code.h"

#include <algorithm>
#include <array>

#include "cloud/reply/errors.h"

namespace ccm::cli {
namespace {

constexpr auto kExitCodes = std::to_array<ExitCodeEntry>({
    {ExitCode::ok, "done"},
    {ExitCode::failed, "failed, or a check found a problem"},
    {ExitCode::usage, "the command line, a file or a parameter is wrong"},
    {ExitCode::not_found, "there is no such store, certificate, version, CA or operation"},
    {ExitCode::refused, "the cloud refused: credentials, permission, state or quota"},
    {ExitCode::unreachable, "no answer, or the service is overloaded: trying again may help"},
    {ExitCode::pending, "asked for, but not finished yet"},
    {ExitCode::not_served, "stored, but a running server does not serve it"},
});

bool is_not_found(const Error& error) noexcept {
  // Those that say it with another status (docs/design/differences.md, "Not found"; errors.json).
  constexpr std::array<std::string_view, 5> kWithOtherStatus = {
      "PCA.10010002", "SCM.0020", "SCM.0103", "SCM.0707", "CBC.30000067"};
  if (std::find(kWithOtherStatus.begin(), kWithOtherStatus.end(), error.code()) !=
      kWithOtherStatus.end()) {
    return true;
  }
  const cloud::ErrorEntry* entry = cloud::find_error_entry(404, error.code());
  return entry != nullptr && entry->status == 404 && entry->code != "APIGW.0101";
}

}  // namespace

std::span<const ExitCodeEntry> exit_codes() noexcept {
  return kExitCodes;
}

ExitCode exit_code_of(const Error& error) noexcept {
  if (!error.code().empty() && is_not_found(error)) return ExitCode::not_found;
  switch (error.kind()) {
    case ErrorKind::transient:
    case ErrorKind::throttled:
      return ExitCode::unreachable;
    case ErrorKind::pending:
      return ExitCode::pending;
    case ErrorKind::unauthorized:
    case ErrorKind::rejected:
      return ExitCode::refused;
    case ErrorKind::invalid:
      return ExitCode::usage;
    case ErrorKind::internal:
      break;
  }
  return ExitCode::failed;
}

}  // namespace ccm::cli
