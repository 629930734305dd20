// SPDX-License-Identifier: Apache-2.0
#include "fleet/etcd/etcd_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "cloud/reply/http_date.h"
#include "cloud/reply/json.h"
#include "cloud/transport/endpoints.h"
#include "fleet/etcd/etcd_errors.h"

namespace ccm::fleet {
namespace {

constexpr std::chrono::milliseconds kConnectTime{1000};
// Time for a question that a member answers by itself, from its memory.
constexpr std::chrono::milliseconds kSignOfLifeTime{1000};
// Makes a member end a watch when it is cut off from the others. The gateway passes the header on
// as the metadata that etcd's own client calls "require leader".
const std::pair<std::string, std::string> kRequireLeader{"Grpc-Metadata-Hasleader", "true"};
// The longest line of a watch, far above a transaction of etcd in base64.
constexpr std::size_t kLongestLine = std::size_t{16} << 20U;
constexpr int kOk = 200;
// An answer that is too large costs a member as much as one that is not, so the next question asks
// for far fewer items.
constexpr std::size_t kFewerAtOnce = 8;
// Hosts that keep a lease alive or follow the fleet ask more often than this.
constexpr std::chrono::seconds kSilenceLasts{10};

// Cuts a stream into lines.
class LineSplitter {
 public:
  // False when a line is too long, or when `take` returns false.
  template <typename Take>
  bool add(std::string_view piece, const Take& take) {
    for (;;) {
      const std::size_t end = piece.find('\n');
      is_too_long_ = rest_.size() + std::min(end, piece.size()) > kLongestLine;
      if (is_too_long_) return false;
      rest_.append(piece.substr(0, end));
      if (end == std::string_view::npos) return true;
      piece.remove_prefix(end + 1);
      const std::string line = std::exchange(rest_, {});
      if (!trim(line).empty() && !take(line)) return false;
    }
  }

  // What has come after the last line feed.
  const std::string& rest() const noexcept { return rest_; }
  bool is_too_long() const noexcept { return is_too_long_; }

 private:
  bool is_too_long_ = false;
  std::string rest_;
};

Error error_of(const cloud::HttpResponse& response) {
  return judge_etcd_answer(response.status, response.body.reveal());
}

}  // namespace

Result<std::unique_ptr<EtcdClient>> EtcdClient::make(EtcdOptions options) {
  if (options.endpoints.empty()) return fail(ErrorKind::invalid, "there is no endpoint of etcd");
  for (std::string& endpoint : options.endpoints) {
    if (auto parts = cloud::require_safe_endpoint(endpoint); !parts) {
      return fail_with(std::move(parts), "endpoint of etcd");
    }
    while (endpoint.ends_with('/')) endpoint.pop_back();
  }
  auto http = cloud::make_stream_client({.ca_pem = options.ca_pem,
                                         .certificate_pem = options.certificate_pem,
                                         .key_pem = options.key_pem.clone()});
  if (!http) return fail_with(std::move(http), "etcd");
  return std::unique_ptr<EtcdClient>(new EtcdClient(std::move(options), *std::move(http)));
}

cloud::HttpRequest EtcdClient::request_to(std::size_t member, std::string_view path,
                                          std::string_view body) {
  cloud::HttpRequest request{.method = "POST",
                             .url = fmt::format("{}/v3/{}", options_.endpoints[member], path),
                             .headers = {{"Content-Type", "application/json"}},
                             .body = std::string(body),
                             .connect_timeout = kConnectTime,
                             .total_timeout = options_.patience};
  const std::lock_guard lock(mutex_);
  if (!token_.empty()) request.headers.emplace_back("Authorization", token_);
  return request;
}

Failure EtcdClient::failed_at(std::size_t member, Error error) const {
  return fail(std::move(error).with_context(fmt::format("etcd at {}", options_.endpoints[member])));
}

void EtcdClient::forget_log_in() {
  const std::lock_guard lock(mutex_);
  token_.clear();
}

Result<void> EtcdClient::log_in(std::size_t member) {
  forget_log_in();
  const Secret body = login_body(options_.user, options_.password);
  cloud::HttpRequest request = request_to(member, "auth/authenticate", body.reveal());
  const Result<cloud::HttpResponse> response = http_->send(request);
  wipe(request.body);
  if (!response) return fail(response.error());
  if (response->status != kOk) {
    Error error = error_of(*response);
    // There is no authentication, so nobody has to log in.
    if (error.code() == kNotInThisState) return {};
    return fail(std::move(error));
  }
  const auto answer = cloud::JsonDocument::parse(response->body.reveal());
  if (!answer) return fail(answer.error());
  const std::string token = (*answer)["token"].text();
  if (token.empty() || !cloud::is_header_safe(token)) {
    return fail(ErrorKind::transient, "the answer to the log-in holds no token");
  }
  const std::lock_guard lock(mutex_);
  token_ = token;
  return {};
}

Result<cloud::HttpResponse> EtcdClient::send(std::size_t member, std::string_view path,
                                             std::string_view body) {
  Result<cloud::HttpResponse> response = http_->send(request_to(member, path, body));
  if (response) compare_clocks(*response);
  return response;
}

void EtcdClient::compare_clocks(const cloud::HttpResponse& response) {
  const auto date = cloud::parse_http_date(std::string(response.header("Date")));
  if (!date) return;
  const std::lock_guard lock(mutex_);
  clock_ahead_ = SystemClock().now() - *date;
  compared_ = SystemClock().steady_now();
}

void EtcdClient::compare_clocks_after(std::chrono::seconds age) {
  {
    const std::lock_guard lock(mutex_);
    if (SystemClock().steady_now() - compared_ < age) return;
  }
  static_cast<void>(is_alive(preferred_));
}

std::optional<Seconds> EtcdClient::clock_ahead() const {
  const std::lock_guard lock(mutex_);
  return clock_ahead_;
}

Time EtcdClient::now() const {
  return SystemClock().now() - clock_ahead().value_or(Seconds(0));
}

Result<cloud::JsonDocument> EtcdClient::call_member(std::size_t member, std::string_view path,
                                                    std::string_view body) {
  for (bool has_logged_in = false;;) {
    Result<cloud::HttpResponse> response = send(member, path, body);
    if (!response) {
      // A token of the kind "simple" refers to a position in etcd's log. An etcd that was restored
      // from a backup would let the call wait until its log is as long again.
      forget_log_in();
      return fail_with(std::move(response), "etcd");
    }
    if (response->status == kOk) return cloud::JsonDocument::parse(response->body.reveal());
    Error error = error_of(*response);
    if (error.code() == kEtcdIsFull) is_full_ = true;
    const bool may_log_in =
        !has_logged_in && !options_.user.empty() && error.kind() == ErrorKind::unauthorized;
    if (!may_log_in) return failed_at(member, std::move(error));
    if (Result<void> logged_in = log_in(member); !logged_in) {
      return failed_at(member, std::move(logged_in).error());
    }
    has_logged_in = true;
  }
}

EtcdClient::Called EtcdClient::call(std::string_view path, std::string_view body) {
  const std::size_t first = preferred_;
  Called called{.answer = fail(ErrorKind::internal, "no member of etcd was asked")};
  const SteadyTime begun = SystemClock().steady_now();
  const auto waited = [&] { return SystemClock().steady_now() - begun; };
  // All members once, and the first one again, which may have been between two leaders.
  for (std::size_t i = 0; i <= options_.endpoints.size(); ++i) {
    const std::size_t member = (first + i) % options_.endpoints.size();
    Result<cloud::JsonDocument> answer = call_member(member, path, body);
    const bool is_last_word = answer || answer.error().kind() != ErrorKind::transient;
    if (is_last_word) preferred_ = member;
    // Keeps the first reason, because the others are mostly the same.
    if (is_last_word || i == 0) called.answer = std::move(answer);
    if (is_last_word) break;
    called.is_in_doubt = true;
    if (waited() > options_.patience * 5 / 2) break;
  }
  const bool was_answered = called.answer || called.answer.error().kind() != ErrorKind::transient;
  note_silence(was_answered, waited());
  return called;
}

void EtcdClient::note_silence(bool was_answered, std::chrono::nanoseconds waited) {
  const std::lock_guard lock(mutex_);
  if (was_answered) silent_at_.reset();
  if (!was_answered && waited >= options_.patience) silent_at_ = SystemClock().steady_now();
}

bool EtcdClient::is_silent() const {
  const std::lock_guard lock(mutex_);
  return silent_at_ && SystemClock().steady_now() - *silent_at_ < kSilenceLasts;
}

Result<EtcdPage> EtcdClient::range(const EtcdRange& range) {
  const Called called = call("kv/range", range_body(range));
  if (!called.answer) return fail(called.answer.error());
  return parse_page(*called.answer);
}

Result<EtcdPage> EtcdClient::read_all(const EtcdRange& wanted, std::size_t page_size) {
  EtcdPage whole;
  EtcdRange next = wanted;
  next.limit = page_size;
  for (;;) {
    Result<EtcdPage> page = range(next);
    if (!page && page.error().code() == cloud::kAnswerTooLarge && next.limit > 1) {
      next.limit = std::max<std::size_t>(next.limit / kFewerAtOnce, 1);
      continue;
    }
    if (!page) return page;
    // Later changes are heard of by watching from the first page's revision on.
    if (whole.revision == 0) whole.revision = page->revision;
    for (EtcdItem& item : page->items) whole.items.push_back(std::move(item));
    if (!page->has_more || page->items.empty()) return whole;
    next.key = whole.items.back().key + '\0';
  }
}

// Each value is sealed anew and so differs from every other. If this value is found there, our
// transaction has put it.
Result<EtcdOutcome> EtcdClient::commit(const EtcdTransaction& transaction) {
  const Result<std::string> body = transaction_body(transaction);
  if (!body) return fail(body.error());
  const Called called = call("kv/txn", *body);
  if (!called.answer) return fail(called.answer.error());
  // It takes removals although it is full.
  const bool puts = std::any_of(transaction.changes.begin(), transaction.changes.end(),
                                [](const EtcdChange& change) { return change.value.has_value(); });
  if (puts) is_full_ = false;
  Result<EtcdOutcome> outcome = parse_outcome(*called.answer);
  if (!outcome || outcome->has_happened || !called.is_in_doubt) return outcome;
  const EtcdChange& first = transaction.changes.front();
  if (first.value && outcome->found && outcome->found->value == *first.value) {
    outcome->has_happened = true;
    outcome->revision = outcome->found->modified;
  }
  return outcome;
}

Result<EtcdLease> EtcdClient::grant(std::chrono::seconds life) {
  const Called called = call("lease/grant", grant_body(static_cast<std::uint64_t>(life.count())));
  if (!called.answer) return fail(called.answer.error());
  is_full_ = false;
  const auto lease = (*called.answer)["ID"].integer();
  if (lease && *lease > 0) return static_cast<EtcdLease>(*lease);
  return fail(ErrorKind::transient, "etcd granted a lease without a number");
}

Result<std::chrono::seconds> EtcdClient::keep_alive(EtcdLease lease) {
  const Called called = call("lease/keepalive", lease_body(lease));
  if (!called.answer) return fail(called.answer.error());
  // etcd answers 200 for a lease that is gone, and gives no time to live.
  const auto life = (*called.answer)["result"]["TTL"].integer();
  if (life && *life > 0) return std::chrono::seconds(*life);
  return fail(Error(ErrorKind::rejected, "etcd does not know the lease any more")
                  .with_code(std::string(kNoSuchLease), ""));
}

Result<void> EtcdClient::revoke(EtcdLease lease) {
  const Called called = call("lease/revoke", lease_body(lease));
  if (called.answer || called.answer.error().code() == kNoSuchLease) return {};
  return fail(called.answer.error());
}

// The cheapest question: it needs no log-in and no other member. Any answer counts.
bool EtcdClient::is_alive(std::size_t member) {
  const Result<cloud::HttpResponse> response =
      http_->send({.method = "GET",
                   .url = options_.endpoints[member] + "/version",
                   .headers = {},
                   .body = {},
                   .connect_timeout = kConnectTime,
                   .total_timeout = kSignOfLifeTime});
  if (response) compare_clocks(*response);
  return response.has_value();
}

Result<void> EtcdClient::watch(const EtcdRange& range, EtcdRevision since, const Listener& listener,
                               int stop) {
  const std::size_t member = preferred_;
  LineSplitter lines;
  std::optional<Error> problem;
  bool has_enough = false;
  bool has_begun = false;
  bool hangs = false;
  const auto take = [&](std::string_view line) {
    has_begun = true;
    Result<EtcdNews> news = parse_news(line);
    if (!news) {
      problem = std::move(news).error();
      return false;
    }
    has_enough = !listener(*news) || news->is_canceled;
    return !has_enough;
  };
  cloud::HttpRequest request = request_to(member, "watch", watch_body(range, since));
  request.headers.push_back(kRequireLeader);
  const Result<cloud::HttpResponse> response = http_->stream(
      request, [&](std::string_view piece) { return lines.add(piece, take); },
      {.silence = options_.silence, .stop = stop, .quiet = options_.quiet, .is_alive = [&] {
         hangs = !is_alive(member);
         return !hangs;
       }});
  // The same line would come again. Whoever reads everything does so page by page.
  if (lines.is_too_long()) {
    static_cast<void>(listener({.events = {}, .is_canceled = true, .reason = "too much at once"}));
    return {};
  }
  // When etcd ends a watch, it says why in a last line without a line feed.
  if (!problem && !has_enough && cloud::JsonDocument::parse(lines.rest())) {
    static_cast<void>(take(lines.rest()));
  }
  if (response && response->status != kOk && response->status != 0) problem = error_of(*response);
  if (!response) problem = response.error();
  if (!has_begun) forget_log_in();  // as in call_member()
  if (has_enough && !problem) return {};
  // A member that has not even confirmed the watch may be unable to report anything.
  if (problem || hangs || !has_begun) preferred_ = (member + 1) % options_.endpoints.size();
  if (!problem) return {};
  if (problem->kind() == ErrorKind::unauthorized && !options_.user.empty()) {
    static_cast<void>(log_in(member));
  }
  return failed_at(member, *std::move(problem));
}

}  // namespace ccm::fleet
