// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "config/sources/table.h"
#include "config/values/values.h"

namespace ccm::config {
namespace {

// The form of "source" is made of those of the kinds.
constexpr std::string_view kSourceWord = "source ";
constexpr std::string_view kBetween = " | ";
constexpr std::size_t kSourceFormSize = [] {
  std::size_t size = kSourceWord.size() + (kSourceTable.size() - 1) * kBetween.size();
  for (const SourceKind* kind : kSourceTable) size += kind->form.size();
  return size;
}();
constexpr auto kSourceForm = [] {
  std::array<char, kSourceFormSize> text{};
  auto* end = std::copy(kSourceWord.begin(), kSourceWord.end(), text.begin());
  // By index: under a sanitizer g++ does not compare addresses while it compiles.
  for (std::size_t i = 0; i < kSourceTable.size(); ++i) {
    if (i > 0) end = std::copy(kBetween.begin(), kBetween.end(), end);
    end = std::copy(kSourceTable[i]->form.begin(), kSourceTable[i]->form.end(), end);
  }
  return text;
}();
constexpr unsigned kMostSourceWords = [] {
  std::size_t most = 0;
  for (const SourceKind* kind : kSourceTable) most = std::max(most, kind->parameters.size());
  return static_cast<unsigned>(1 + most);
}();

constexpr std::array<Directive, 36> kDirectives{{
    {"activate", Scope::both, 1, 3, "activate \"[DAYS] HH:MM-HH:MM [TIME_ZONE]\" | off"},
    {"agent_path", Scope::global, 1, 1, "agent_path /path/to/ccm-agent", PathArguments::all},
    {"canary", Scope::both, 1, 2, "canary TIME [PERCENT] | off"},
    {"catalogue", Scope::global, 2, 3, "catalogue NAME source=store | source=scm [tag=KEY:VALUE]",
     PathArguments::none, true},
    {"check_interval", Scope::both, 1, 1, "check_interval 12h"},
    {"concurrent_renewals", Scope::global, 1, 1, "concurrent_renewals 4"},
    {"credentials", Scope::global, 1, 2, "credentials file=/path [profile=NAME] | ecs",
     PathArguments::file_value},
    {"fallback", Scope::both, 1, 1, "fallback on | off"},
    {"iam_endpoint", Scope::global, 1, 1, "iam_endpoint https://HOST[:PORT]"},
    {"issue", Scope::both, 1, 1, "issue off | file | dns | auto"},
    {"issue_applicant", Scope::both, 3, 3, "issue_applicant name=NAME phone=NUMBER email=ADDRESS"},
    {"issue_company", Scope::both, 4, 5,
     "issue_company name=NAME country=CN province=NAME city=NAME [unit=NAME]"},
    {"issue_credentials", Scope::both, 1, 2, "issue_credentials file=/path [profile=NAME] | ecs",
     PathArguments::file_value},
    {"issue_dns", Scope::both, 1, 5,
     "issue_dns service | cloud [file=/path [profile=NAME] | ecs] [region=REGION] "
     "[endpoint=https://HOST] | hook",
     PathArguments::file_value},
    {"keep", Scope::both, 1, 1, "keep 3"},
    {"key", Scope::both, 1, 1, "key rsa:2048 | rsa:3072 | rsa:4096 | ecdsa:256 | ecdsa:384"},
    {"key_origin", Scope::both, 1, 1, "key_origin local | cloud"},
    {"log_format", Scope::global, 1, 1, "log_format text | json"},
    {"metadata_endpoint", Scope::global, 1, 1, "metadata_endpoint http://HOST[:PORT]"},
    {"names", Scope::certificate, 1, kMany, "names www.example.com *.example.com"},
    {"on", Scope::global, 3, 5,
     "on EVENT[,EVENT...] run \"PROGRAM [ARGUMENT...]\" [user=ACCOUNT] [timeout=30s]",
     PathArguments::none, true},
    {"pca_endpoint", Scope::global, 1, 1, "pca_endpoint https://HOST[:PORT]"},
    {"proxy", Scope::global, 1, 2, "proxy http://HOST:PORT [file=/path] | off",
     PathArguments::file_value},
    {"region", Scope::global, 1, 1, "region ap-southeast-1"},
    {"renew_before", Scope::both, 1, 1, "renew_before 33% | 30d"},
    {"scm_endpoint", Scope::global, 1, 1, "scm_endpoint https://HOST[:PORT]"},
    {"source", Scope::certificate, 1, kMostSourceWords,
     std::string_view(kSourceForm.data(), kSourceForm.size()), PathArguments::trust_value},
    {"ssl_trusted_certificate", Scope::global, 1, 1, "ssl_trusted_certificate /path/to/ca.pem",
     PathArguments::all},
    {"stapling", Scope::both, 1, 1, "stapling on | off"},
    {"state_path", Scope::global, 1, 1, "state_path /var/lib/ccm", PathArguments::all},
    {"status_listen", Scope::global, 1, 1, "status_listen 127.0.0.1:PORT | [::1]:PORT"},
    {"store", Scope::global, 1, kMany,
     "store file | etcd https://HOST:PORT... fleet=NAME key=/path [ca=/path] [certificate=/path "
     "certificate_key=/path] [login=/path]",
     PathArguments::store_values},
    {"ticket_keys", Scope::global, 1, 1, "ticket_keys fleet | off"},
    {"user", Scope::global, 1, 1, "user ccm"},
    {"validity", Scope::both, 1, 1, "validity 90d"},
    {"worker_dumps", Scope::global, 1, 1, "worker_dumps on | off"},
}};

static_assert(std::is_sorted(kDirectives.begin(), kDirectives.end(),
                             [](const Directive& a, const Directive& b) { return a.key < b.key; }));

constexpr std::array<std::string_view, 1> kWhole{""};
constexpr std::array<std::string_view, 1> kFileWord{"file="};
constexpr std::array<std::string_view, 1> kTrustWord{"trust="};
constexpr std::array<std::string_view, 5> kStoreWords{
    "key=", "ca=", "certificate=", "certificate_key=", "login="};

// What stands before the path in an argument that is one.
std::span<const std::string_view> prefixes_of(PathArguments paths) noexcept {
  switch (paths) {
    case PathArguments::file_value:
      return kFileWord;
    case PathArguments::trust_value:
      return kTrustWord;
    case PathArguments::store_values:
      return kStoreWords;
    case PathArguments::none:
    case PathArguments::all:
      break;
  }
  return kWhole;
}

}  // namespace

std::span<const Directive> directives() noexcept {
  return kDirectives;
}

std::vector<std::string> with_paths(
    const Directive& directive, std::vector<std::string> arguments,
    const std::function<std::string(const std::string& path)>& resolve) {
  if (directive.paths == PathArguments::none) return arguments;
  const auto prefixes = prefixes_of(directive.paths);
  for (std::string& argument : arguments) {
    const auto found = std::find_if(prefixes.begin(), prefixes.end(), [&](std::string_view each) {
      return argument.starts_with(each);
    });
    // Nothing is no path, and is refused as such.
    if (found == prefixes.end() || argument.size() == found->size()) continue;
    const std::string_view prefix = *found;
    const bool is_word = directive.paths == PathArguments::trust_value &&
                         argument.find('/', prefix.size()) == argument.npos;
    if (is_word) continue;
    argument = fmt::format("{}{}", prefix, resolve(argument.substr(prefix.size())));
  }
  return arguments;
}

const Directive* find_directive(std::string_view key) noexcept {
  const auto found =
      std::lower_bound(kDirectives.begin(), kDirectives.end(), key,
                       [](const Directive& row, std::string_view k) { return row.key < k; });
  return found != kDirectives.end() && found->key == key ? &*found : nullptr;
}

}  // namespace ccm::config
