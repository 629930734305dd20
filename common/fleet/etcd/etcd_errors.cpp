// SPDX-License-Identifier: Apache-2.0
#include "fleet/etcd/etcd_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "base/text.h"
#include "cloud/reply/json.h"

namespace ccm::fleet {
namespace {

constexpr std::size_t kLongestText = 200;
constexpr int kServerErrors = 500;

struct Refusal {
  std::int64_t code = 0;  // gRPC's; 0: unknown
  std::string text;
};

// The codes of gRPC that etcd uses.
struct Meaning {
  std::int64_t code;
  std::string_view text;  // part of it; empty: any
  ErrorKind kind;
  std::string_view advice;
  std::string_view error_code = {};  // empty: it is made of gRPC's
};
constexpr std::array kMeanings{
    Meaning{3, "user name is empty", ErrorKind::unauthorized, "it wants a user and a password"},
    Meaning{3, "authentication failed", ErrorKind::unauthorized,
            "it refuses the user and the password"},
    // For tokens of the kind "jwt"; etcd forgets those of the kind "simple" instead.
    Meaning{3, "revision of auth store is old", ErrorKind::unauthorized,
            "its users or roles have changed since the log-in"},
    Meaning{3, "CommonName", ErrorKind::rejected,
            "a client certificate for etcd's gateway must have no common name (CN) where "
            "authentication is on"},
    Meaning{3, "", ErrorKind::internal, ""},
    Meaning{5, "", ErrorKind::rejected, ""},
    Meaning{7, "", ErrorKind::rejected, "the user's role does not allow it"},
    Meaning{8, "database space", ErrorKind::transient,
            "it is full: compact and defragment it, and disarm its alarm", kEtcdIsFull},
    Meaning{9, "", ErrorKind::rejected, ""},
    Meaning{16, "", ErrorKind::unauthorized, ""},
};

Refusal refusal_in(std::string_view body) {
  const Result<cloud::JsonDocument> document = cloud::JsonDocument::parse(body);
  if (!document || !document->root().is_object()) return {.code = 0, .text = std::string(body)};
  const cloud::JsonDocument& answer = *document;
  const cloud::JsonView error = answer["error"];
  if (error.is_object()) {
    const auto code = error["grpc_code"].integer();
    return {.code = code ? *code : error["code"].integer().value_or(0),
            .text = error["message"].text()};
  }
  std::string text = answer["message"].text();
  if (text.empty()) text = error.text();
  return {.code = answer["code"].integer().value_or(0), .text = std::move(text)};
}

}  // namespace

Error judge_etcd_answer(int status, std::string_view body) {
  const Refusal refusal = refusal_in(body);
  std::string text = printable(trim(cut(refusal.text, kLongestText)));
  if (text.empty()) text = fmt::format("status {} without a word", status);
  const auto* meaning =
      std::find_if(kMeanings.begin(), kMeanings.end(), [&](const Meaning& candidate) {
        return candidate.code == refusal.code &&
               refusal.text.find(candidate.text) != std::string::npos;
      });
  const bool is_known = meaning != kMeanings.end();
  // A code that is not in the table concerns this member's state, and another member may be well.
  const bool is_not_etcd = !is_known && refusal.code == 0 && status > 0 && status < kServerErrors;
  ErrorKind kind = is_not_etcd ? ErrorKind::invalid : ErrorKind::transient;
  if (is_known) kind = meaning->kind;
  std::string sentence = is_not_etcd ? fmt::format(
                                           "this is no etcd with its version 3 gateway, it "
                                           "answers {}: {}",
                                           status, text)
                                     : fmt::format("etcd says \"{}\"", text);
  if (is_known && !meaning->advice.empty()) sentence += fmt::format(": {}", meaning->advice);
  std::string code = fmt::format("etcd.{}", refusal.code);
  if (is_known && !meaning->error_code.empty()) code = meaning->error_code;
  return Error(kind, std::move(sentence)).with_code(std::move(code), "");
}

}  // namespace ccm::fleet
