// SPDX-License-Identifier: Apache-2.0
#include "config/directives/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "config/directives/catalogue_value.h"
#include "config/directives/hook_value.h"
#include "config/directives/simple_values.h"
#include "config/directives/source_value.h"
#include "config/directives/store_value.h"
#include "config/directives/values.h"
#include "config/sources/table.h"
#include "config/values/identifiers.h"
#include "config/values/url.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

// The form of "source" is joined from the forms of the kinds.
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
  // By index, because under a sanitizer g++ cannot compare addresses at compile time.
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

// Parses the arguments into their place, or passes the parser's error on. Some parsers take the
// only argument, others take all arguments.
template <auto Parser, typename T>
Result<void> put(const RawDirective& directive, std::optional<T>& place) {
  using Arguments = std::vector<std::string>;
  auto parsed = [&] {
    if constexpr (std::is_invocable_v<decltype(Parser), const Arguments&>) {
      return Parser(directive.arguments);
    } else {
      return Parser(directive.arguments[0]);
    }
  }();
  if (!parsed) return pass(std::move(parsed));
  place = *std::move(parsed);
  return {};
}

// Directive::parse for a value of the whole server, of a certificate, and of "issue…".
template <auto Member, auto Parser>
Result<void> global(const RawDirective& directive, Values& values) {
  return put<Parser>(directive, values.global.*Member);
}
template <auto Member, auto Parser>
Result<void> certificate(const RawDirective& directive, Values& values) {
  return put<Parser>(directive, values.certificate.*Member);
}
template <auto Member, auto Parser>
Result<void> issue(const RawDirective& directive, Values& values) {
  return put<Parser>(directive, values.certificate.issue.*Member);
}
// Directive::parse for a directive that may be given more than once. Its values know where they
// were written.
template <auto Member, auto Parser>
Result<void> in_list(const RawDirective& directive, Values& values) {
  auto parsed = Parser(directive.arguments);
  if (!parsed) return pass(std::move(parsed));
  parsed->origin = directive.origin;
  (values.global.*Member).push_back(*std::move(parsed));
  return {};
}

template <unsigned Least, unsigned Most>
Result<unsigned> parse_number_between(const std::string& text) {
  return parse_number(text, Least, Most);
}

// Short names, so that a row takes only a line or two.
using G = GlobalValues;
using C = CertificateValues;
using I = IssueValues;
using P = PathArguments;

constexpr auto kDirectives = std::to_array<Directive>({
    {"activate", Scope::both, 1, 3, "activate \"[DAYS] HH:MM-HH:MM [TIME_ZONE]\" | off",
     certificate<&C::activate, parse_activation_window>},
    {"agent_path", Scope::global, 1, 1, "agent_path /path/to/ccm-agent",
     global<&G::agent_path, parse_file_path>, P::all},
    {"canary", Scope::both, 1, 2, "canary TIME [PERCENT] | off",
     certificate<&C::canary, parse_canary>},
    {"catalogue", Scope::global, 2, 3, "catalogue NAME source=store | source=scm [tag=KEY:VALUE]",
     in_list<&G::catalogues, parse_catalogue>, P::none, true},
    {"check_interval", Scope::both, 1, 1, "check_interval 12h",
     certificate<&C::check_interval, parse_check_interval>},
    {"concurrent_renewals", Scope::global, 1, 1, "concurrent_renewals 4",
     global<&G::concurrent_renewals, parse_number_between<1, 64>>},
    {"credentials", Scope::global, 1, 2, "credentials file=/path [profile=NAME] | ecs",
     global<&G::credentials, parse_credentials>, P::file_value},
    {"fallback", Scope::both, 1, 1, "fallback on | off", certificate<&C::fallback, parse_switch>},
    {"iam_endpoint", Scope::global, 1, 1, "iam_endpoint https://HOST[:PORT]",
     global<&G::iam_endpoint, parse_endpoint>},
    {"issue", Scope::both, 1, 1, "issue off | file | dns | auto",
     issue<&I::method, parse_issue_method>},
    {"issue_applicant", Scope::both, 3, 3, "issue_applicant name=NAME phone=NUMBER email=ADDRESS",
     issue<&I::applicant, parse_applicant>},
    {"issue_company", Scope::both, 4, 5,
     "issue_company name=NAME country=CN province=NAME city=NAME [unit=NAME]",
     issue<&I::company, parse_company>},
    {"issue_credentials", Scope::both, 1, 2, "issue_credentials file=/path [profile=NAME] | ecs",
     issue<&I::credentials, parse_credentials>, P::file_value},
    {"issue_dns", Scope::both, 1, 5,
     "issue_dns service | cloud [file=/path [profile=NAME] | ecs] [region=REGION] "
     "[endpoint=https://HOST] | hook",
     issue<&I::dns, parse_dns_writer>, P::file_value},
    {"keep", Scope::both, 1, 1, "keep 3", certificate<&C::keep, parse_number_between<0, 100>>},
    {"key", Scope::both, 1, 1, "key rsa:2048 | rsa:3072 | rsa:4096 | ecdsa:256 | ecdsa:384",
     certificate<&C::key, crypto::parse_key_type>},
    {"key_origin", Scope::both, 1, 1, "key_origin local | cloud",
     certificate<&C::key_origin, parse_key_origin>},
    {"log_format", Scope::global, 1, 1, "log_format text | json",
     global<&G::log_format, parse_log_format>},
    {"metadata_endpoint", Scope::global, 1, 1, "metadata_endpoint http://HOST[:PORT]",
     global<&G::metadata_endpoint, parse_metadata_endpoint>},
    {"names", Scope::certificate, 1, kMany, "names www.example.com *.example.com",
     certificate<&C::names, parse_names>},
    {"on", Scope::global, 3, 5,
     "on EVENT[,EVENT...] run \"PROGRAM [ARGUMENT...]\" [user=ACCOUNT] [timeout=30s]",
     in_list<&G::hooks, parse_hook>, P::none, true},
    {"pca_endpoint", Scope::global, 1, 1, "pca_endpoint https://HOST[:PORT]",
     global<&G::pca_endpoint, parse_endpoint>},
    {"proxy", Scope::global, 1, 2, "proxy http://HOST:PORT [file=/path] | off",
     global<&G::proxy, parse_proxy_value>, P::file_value},
    {"region", Scope::global, 1, 1, "region ap-southeast-1", global<&G::region, parse_region>},
    {"renew_before", Scope::both, 1, 1, "renew_before 33% | 30d",
     certificate<&C::renew_before, parse_renewal_window>},
    {"scm_endpoint", Scope::global, 1, 1, "scm_endpoint https://HOST[:PORT]",
     global<&G::scm_endpoint, parse_endpoint>},
    {"source", Scope::certificate, 1, kMostSourceWords,
     std::string_view(kSourceForm.data(), kSourceForm.size()),
     certificate<&C::source, parse_source>, P::trust_value},
    {"ssl_trusted_certificate", Scope::global, 1, 1, "ssl_trusted_certificate /path/to/ca.pem",
     global<&G::trusted_certificate, parse_file_path>, P::all},
    {"stapling", Scope::both, 1, 1, "stapling on | off", certificate<&C::stapling, parse_switch>},
    {"state_path", Scope::global, 1, 1, "state_path /var/lib/ccm",
     global<&G::state_path, parse_path>, P::all},
    {"status_listen", Scope::global, 1, 1, "status_listen 127.0.0.1:PORT | [::1]:PORT",
     global<&G::status_listen, parse_loopback_address>},
    {"store", Scope::global, 1, kMany,
     "store file | etcd https://HOST:PORT... fleet=NAME key=/path [ca=/path] [certificate=/path "
     "certificate_key=/path] [login=/path]",
     global<&G::store, parse_store>, P::store_values},
    {"ticket_keys", Scope::global, 1, 1, "ticket_keys fleet | off",
     global<&G::ticket_keys, parse_ticket_keys>},
    {"user", Scope::global, 1, 1, "user ccm", global<&G::user, parse_user>},
    {"validity", Scope::both, 1, 1, "validity 90d", certificate<&C::validity, parse_validity>},
    {"worker_dumps", Scope::global, 1, 1, "worker_dumps on | off",
     global<&G::worker_dumps, parse_switch>},
});

static_assert(std::is_sorted(kDirectives.begin(), kDirectives.end(),
                             [](const Directive& a, const Directive& b) { return a.key < b.key; }));

constexpr std::array<std::string_view, 1> kWhole{""};
constexpr std::array<std::string_view, 1> kFileWord{"file="};
constexpr std::array<std::string_view, 1> kTrustWord{"trust="};
constexpr std::array<std::string_view, 5> kStoreWords{
    "key=", "ca=", "certificate=", "certificate_key=", "login="};

// The words in front of a path, in arguments that are paths.
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
    // An empty path is left as it is; the parser refuses it.
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

Result<Values> parse_values(const std::vector<RawDirective>& directives) {
  Values values;
  for (const RawDirective& directive : directives) {
    const Directive* row = find_directive(directive.key);
    auto parsed =
        row == nullptr ? wrong(directive.key, "is not a directive") : row->parse(directive, values);
    if (!parsed) return fail_with(std::move(parsed), directive.key);
  }
  return values;
}

}  // namespace ccm::config
