// SPDX-License-Identifier: Apache-2.0
// Whatever an API endpoint answers, the clients give a value or an Error: no crash, no leak, no
// endless loop. The first byte chooses the status, the second a header, the rest is the body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cloud/api/pca.h"
#include "cloud/api/scm.h"
#include "cloud/identity/credentials.h"
#include "cloud/identity/iam.h"
#include "cloud/identity/lockout.h"
#include "cloud/reply/api_time.h"
#include "cloud/reply/errors.h"

namespace {

using namespace ccm;
using namespace ccm::cloud;

class StillClock final : public Clock {
 public:
  Time now() const override { return Time(Seconds(1778438520)); }
  SteadyTime steady_now() const override { return {}; }
};

// Gives the same answer to everything, and counts, so that an endless loop is a crash.
class OneAnswer final : public HttpClient {
 public:
  OneAnswer(int status, Headers headers, std::string_view body)
      : status_(status), headers_(std::move(headers)), body_(body) {}

  Result<HttpResponse> send(const HttpRequest&) override {
    if (++sent_ > 2000) std::abort();
    return HttpResponse{.status = status_, .headers = headers_, .body = Secret::copy_of(body_)};
  }

 private:
  int status_;
  Headers headers_;
  std::string_view body_;
  int sent_ = 0;
};

constexpr int kStatuses[] = {200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503};

Headers header_for(std::uint8_t choice, std::string_view body) {
  const std::string value(body.substr(0, 64));
  switch (choice % 4) {
    case 0:
      return {};
    case 1:
      return {{"X-Subject-Token", value}};
    case 2:
      return {{"Retry-After", value}, {"X-Request-Id", value}};
    default:
      return {{"X-Subject-Token", "0123456789abcdef0123456789abcdef"}};
  }
}

constexpr const char* kId = "6434f071-7347-4828-abe5-f0df8b2a8f05";

template <typename Credentials>
void call_everything(HttpClient& http, const Clock& clock, Credentials credentials) {
  MemoryLockoutGuard lockout;
  const auto provider = make_fixed_provider(std::move(credentials));
  Session session({.http = http,
                   .credentials = *provider,
                   .lockout = lockout,
                   .clock = clock,
                   .iam_endpoint = "https://iam.example"});
  ScmClient scm(session, "https://scm.example");
  PcaClient pca(session, "https://ccm.example");
  static_cast<void>(scm.list("ISSUED", "a"));
  static_cast<void>(scm.show("scs1"));
  static_cast<void>(scm.export_certificate("scs1"));
  static_cast<void>(pca.show_authority(kId));
  static_cast<void>(pca.issue_by_csr(kId, "csr", {.duration = Seconds(86400)}));
  static_cast<void>(pca.find("name"));
  static_cast<void>(pca.export_certificate(kId));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const int status = kStatuses[data[0] % std::size(kStatuses)];
  const StillClock clock;
  OneAnswer http(status, header_for(data[1], body), body);
  call_everything(http, clock,
                  Credentials{.identity = AccessKey{.id = "AK",
                                                    .secret = Secret::copy_of("SK"),
                                                    .security_token = {},
                                                    .expires_at = {}},
                              .domain_id = {},
                              .project_id = {},
                              .iam_endpoint = {}});
  call_everything(http, clock,
                  Credentials{.identity = PasswordLogin{.user = "u",
                                                        .password = Secret::copy_of("p"),
                                                        .domain = "d",
                                                        .project = {}},
                              .domain_id = {},
                              .project_id = {},
                              .iam_endpoint = {}});
  static_cast<void>(make_ecs_provider(http, clock, "http://169.254.169.254")->current());
  static_cast<void>(parse_profile(Secret::copy_of(body), "", "fuzz"));
  static_cast<void>(read_domain_id(Secret::copy_of(body)));
  static_cast<void>(parse_api_time(body));
  return 0;
}
