// SPDX-License-Identifier: Apache-2.0
#include "cloud/reply/errors.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/text.h"
#include "cloud/reply/json.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;

constexpr auto kTable = std::to_array<ErrorEntry>({
#include "cloud/reply/error_table.inc"
});

constexpr std::size_t kQuoteLimit = 240;  // bytes of the service's own text
constexpr std::size_t kWordLimit = 80;    // a longer word is a token, not language
constexpr std::size_t kIdLimit = 64;      // codes and request ids
constexpr int kNestingLimit = 4;          // objects around the error fields
constexpr Seconds kLongestWait = 24h;     // whatever a Retry-After says

struct ServiceText {
  std::string code;
  std::string message;
};

// The spellings in docs/design/auth.md, "Headers and errors on the wire"; the outermost object
// first.
std::optional<ServiceText> find_service_text(const JsonView& value, int depth) {
  constexpr std::array<std::pair<const char*, const char*>, 3> kSpellings = {
      {{"error_code", "error_msg"}, {"errorCode", "errorMsg"}, {"code", "message"}}};
  for (const auto& [code, message] : kSpellings) {
    if (value[code].exists() || value[message].exists()) {
      return ServiceText{value[code].text(), value[message].text()};
    }
  }
  if (depth >= kNestingLimit) return std::nullopt;
  for (const JsonView member : value.members()) {
    if (!member.is_object()) continue;
    if (auto found = find_service_text(member, depth + 1)) return found;
  }
  return std::nullopt;
}

ServiceText read_service_text(std::string_view body) {
  if (const auto document = JsonDocument::parse(body)) {
    return find_service_text(document->root(), 0).value_or(ServiceText{});
  }
  return {.code = {}, .message = std::string(trim(cut(body, 4 * kQuoteLimit)))};
}

std::string shorten_long_words(std::string_view text) {
  std::string out;
  for (const auto word : split(text, ' ')) {
    if (!out.empty()) out += ' ';
    const auto kept = word.size() > kWordLimit ? cut(word, kWordLimit / 4) : word;
    out.append(kept).append(kept.size() < word.size() ? "…" : "");
  }
  return out;
}

std::string quotable(std::string_view message) {
  // The gateway repeats what it was asked to sign, with headers and tokens.
  constexpr std::string_view kEcho = "canonicalRequest:";
  const auto echo = message.find(kEcho);
  const bool is_echo = echo != std::string_view::npos;
  if (is_echo) message = message.substr(0, echo + kEcho.size());
  const std::string text = shorten_long_words(printable(trim(message)));
  const auto kept = cut(text, kQuoteLimit);
  return fmt::format("{}{}", kept, is_echo || kept.size() < text.size() ? "…" : "");
}

// Codes and ids appear without quotes in logs and records, so they may only have the characters of
// identifiers.
std::string identifier(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kIdLimit)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':';
    if (is_plain) out += c;
  }
  return out;
}

std::optional<Seconds> wait_from_header(std::string_view value, Time now) {
  value = trim(value);
  if (value.empty()) return std::nullopt;
  if (const auto seconds = parse_unsigned(value)) {
    return Seconds(static_cast<Seconds::rep>(
        std::min(*seconds, static_cast<std::uint64_t>(kLongestWait.count()))));
  }
  const time_t at = curl_getdate(std::string(value).c_str(), nullptr);
  if (at < 0) return std::nullopt;
  return std::max(Seconds(at) - now.time_since_epoch(), Seconds(0));
}

// "…user over ratelimit,limit:200,time:1 minute" (errors.json, APIGW.0308).
std::optional<Seconds> wait_from_text(std::string_view message) {
  constexpr std::string_view kMark = "time:";
  const auto mark = message.rfind(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  const auto rest = trim(message.substr(mark + kMark.size()));
  const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const auto amount = parse_unsigned(rest.substr(0, digits));
  if (!amount) return std::nullopt;
  const auto unit = trim(rest.substr(digits));
  const Seconds scale = unit.starts_with("minute") ? Seconds(1min)
                        : unit.starts_with("hour") ? Seconds(1h)
                        : unit.starts_with("day")  ? Seconds(24h)
                                                   : Seconds(1s);
  const auto capped = std::min<std::uint64_t>(*amount, 24ULL * 3600);
  return scale * static_cast<Seconds::rep>(capped);
}

std::optional<Seconds> waiting_time(const HttpResponse& response, std::string_view message,
                                    Decision decision, Time now) {
  if (decision != Decision::slow_down && decision != Decision::retry) return std::nullopt;
  auto wait = wait_from_header(response.header("Retry-After"), now);
  if (!wait && decision == Decision::slow_down) wait = wait_from_text(message);
  if (!wait) return std::nullopt;
  return std::clamp(*wait, Seconds(1), kLongestWait);
}

bool is_permission_problem(int status, std::string_view code) {
  return status == 403 || code == "SCM.4002" || code == "PCA.00010004" || code == "SCM.0003" ||
         code == "SCM.0044" || code == "SCM.1019";
}

// The newer names of some permissions (docs/design/differences.md, "Permissions").
std::string_view newer_name_of(std::string_view iam_action) {
  if (iam_action == "pca:ca:issueCertThroughCSR") return "pca:ca:issueCertByCsr";
  if (iam_action == "scm:cert:upload") return "scm:cert:import";
  return {};
}

std::string advice_for_status(int status) {
  if (status >= 300 && status < 400) return "a redirect is never followed: check the endpoint";
  if (status == 401) return "check the credentials";
  if (status == 404) return "check the endpoint and the id";
  return {};
}

std::string advice_for(int status, const ErrorEntry* entry, const FailedCall& call) {
  std::string advice = entry != nullptr ? std::string(entry->advice) : advice_for_status(status);
  const bool is_state = entry != nullptr && entry->code.starts_with("PCA.0003");
  if (is_permission_problem(status, entry == nullptr ? "" : entry->code) && !is_state &&
      !call.iam_action.empty()) {
    advice += fmt::format("{}the IAM user needs the action {}", advice.empty() ? "" : "; ",
                          call.iam_action);
    if (const auto newer = newer_name_of(call.iam_action); !newer.empty()) {
      advice += fmt::format(" (newer name {})", newer);
    }
  }
  return advice;
}

std::string request_id_of(const HttpResponse& response) {
  for (const auto name : {"X-Request-Id", "X-IAM-Trace-Id"}) {
    if (const auto id = response.header(name); !id.empty()) return identifier(id);
  }
  const auto document = JsonDocument::parse(response.body.reveal());
  return document ? identifier((*document)["request_id"].text()) : std::string();
}

}  // namespace

ErrorKind kind_of(Decision decision) noexcept {
  switch (decision) {
    case Decision::retry:
      return ErrorKind::transient;
    case Decision::slow_down:
      return ErrorKind::throttled;
    case Decision::never:
    case Decision::alert:
      return ErrorKind::rejected;
    case Decision::new_token:
    case Decision::bad_credentials:
      return ErrorKind::unauthorized;
  }
  return ErrorKind::internal;
}

std::span<const ErrorEntry> error_table() noexcept {
  return kTable;
}

const ErrorEntry* find_error_entry(int status, std::string_view code) noexcept {
  const auto first = std::lower_bound(
      kTable.begin(), kTable.end(), code,
      [](const ErrorEntry& entry, std::string_view wanted) { return entry.code < wanted; });
  if (first == kTable.end() || first->code != code) return nullptr;
  for (auto entry = first; entry != kTable.end() && entry->code == code; ++entry) {
    if (entry->status == status) return entry;
  }
  return first;
}

Decision decision_for_status(int status) noexcept {
  if (status == 401) return Decision::bad_credentials;
  if (status == 403) return Decision::alert;
  if (status == 429) return Decision::slow_down;
  if (status == 408 || status == 425 || status >= 500) return Decision::retry;
  return Decision::never;
}

Verdict judge_failure(const HttpResponse& response, const FailedCall& call) {
  const ServiceText text = read_service_text(response.body.reveal());
  const std::string code = identifier(text.code);
  const ErrorEntry* entry = find_error_entry(response.status, code);
  const Decision decision =
      entry != nullptr ? entry->decision : decision_for_status(response.status);
  const std::string quote = quotable(text.message);
  const std::string advice = advice_for(response.status, entry, call);
  const std::string id = request_id_of(response);
  std::string message =
      fmt::format("{} answered {}{}{}", call.host, response.status, code.empty() ? "" : " ", code);
  if (!quote.empty()) message += fmt::format(" \"{}\"", quote);
  if (!advice.empty()) message += fmt::format("; {}", advice);
  if (!id.empty()) message += fmt::format(" (request {})", id);
  Error error = Error(kind_of(decision), std::move(message)).with_code(code, id);
  if (const auto wait = waiting_time(response, text.message, decision, call.now)) {
    error = std::move(error).with_retry_after(*wait);
  }
  const bool is_service_code = code.starts_with("SCM.") || code.starts_with("PCA.");
  return {.decision = decision,
          .error = std::move(error),
          .proves_identity = is_service_code && kind_of(decision) == ErrorKind::rejected};
}

}  // namespace ccm::cloud
