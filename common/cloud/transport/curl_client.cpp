// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/curl_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/boundary.h"
#include "base/handle.h"
#include "base/text.h"
#include "cloud/transport/body_buffer.h"
#include "cloud/transport/curl_protocols.h"
#include "cloud/transport/endpoints.h"
#include "cloud/transport/idle_handles.h"
#include "cloud/transport/wiping_memory.h"
#include "crypto/certificate/pem.h"
#include "crypto/verification/trust.h"

namespace ccm::cloud {
namespace {

using CurlList = Handle<curl_slist, curl_slist_free_all>;

constexpr std::size_t kHeaderLimit = 256U << 10U;  // bytes of all headers of one answer
constexpr long kProxyLoginWanted = 407;            // RFC 9110 section 15.5.8
constexpr long kLowSpeedBytes = 16;                // per second, for
constexpr long kLowSpeedSeconds = 20;              // this long: the peer hangs
// For TLS 1.2; all suites of 1.3 are like this. Somebody who records the exchange and gets the
// peer's key later still cannot read it.
constexpr const char* kForwardSecret =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:!aNULL:!SHA1:!MD5";

struct Exchange {
  explicit Exchange(std::size_t body_limit) : body(body_limit) {}

  BodyBuffer body;
  Headers headers;
  std::size_t header_size = 0;
  std::array<char, CURL_ERROR_SIZE> problem{};
  Reach reach = Reach::anywhere;
  std::string refused_address;  // of the last connection that was not made
};

curl_socket_t on_open_socket(void* context, curlsocktype, curl_sockaddr* address) noexcept {
  return at_boundary(
      curl_socket_t{CURL_SOCKET_BAD}, [](std::string_view) {},
      [&]() -> curl_socket_t {
        auto& exchange = *static_cast<Exchange*>(context);
        if (!may_reach(exchange.reach, address->addr)) {
          exchange.refused_address = address_text(address->addr);
          return CURL_SOCKET_BAD;
        }
        return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
      });
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) noexcept {
  return at_boundary(
      std::size_t{0}, [](std::string_view) {},
      [&] {
        auto& exchange = *static_cast<Exchange*>(context);
        return exchange.body.append(std::as_bytes(std::span(data, size))) ? size : 0;
      });
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) noexcept {
  return at_boundary(
      std::size_t{0}, [](std::string_view) {},
      [&]() -> std::size_t {
        auto& exchange = *static_cast<Exchange*>(context);
        const std::string_view line(data, size);
        exchange.header_size += size;
        if (exchange.header_size > kHeaderLimit) return 0;
        // After an interim answer (100 Continue), the headers of the real one follow.
        if (line.starts_with("HTTP/")) exchange.headers.clear();
        const auto colon = line.find(':');
        if (colon != std::string_view::npos) {
          exchange.headers.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
        }
        return size;
      });
}

// Called for each new connection. Without the trusted certificates no connection may be made.
CURLcode on_tls_context(CURL*, void* tls_context, void* trusted) noexcept {
  return at_boundary(
      CURLE_SSL_CACERT_BADFILE, [](std::string_view) {},
      [&] {
        const auto& certificates = *static_cast<const std::vector<crypto::Certificate>*>(trusted);
        return crypto::add_trust(tls_context, certificates) ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
      });
}

CurlList make_header_list(const Headers& headers) {
  CurlList list;
  const auto append = [&list](const std::string& line) {
    if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
      static_cast<void>(list.release());
      list.reset(longer);
    }
  };
  bool has_type = false;
  for (const auto& [name, value] : headers) {
    has_type = has_type || equals_ignoring_case(name, "Content-Type");
    std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
    append(line);
    wipe(line);
  }
  // Headers that curl would add and the services do not expect.
  append("Expect:");
  if (!has_type) append("Content-Type:");
  return list;
}

// Whether an exchange failed because of the peer's certificate.
bool is_trust_problem(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR;
}

constexpr std::string_view kOutOfReach =
    " is an address of this host or of its own link, which is not asked";

std::string describe(CURLcode code, const Exchange& exchange) {
  if (exchange.body.is_too_large()) return "the answer is larger than an answer may be";
  if (exchange.header_size > kHeaderLimit) return "the answer's headers are too large";
  if (code == CURLE_COULDNT_CONNECT && !exchange.refused_address.empty()) {
    return fmt::format("{}{}", exchange.refused_address, kOutOfReach);
  }
  std::string text = printable(exchange.problem.data());
  if (text.empty()) text = curl_easy_strerror(code);
  if (code == CURLE_PARTIAL_FILE) text = "the answer broke off: " + text;
  if (is_trust_problem(code)) {
    text += "; if this cloud has a CA of its own, name its certificates (ssl_trusted_certificate)";
  }
  return text;
}

class CurlClient final : public HttpClient {
 public:
  CurlClient(CurlOptions options, std::vector<crypto::Certificate> trusted)
      : options_(std::move(options)), trusted_(std::move(trusted)) {}

  Result<HttpResponse> send(const HttpRequest& request) override {
    auto parts = split_url(std::string_view(request.url).substr(0, request.url.find('?')));
    if (!parts) return pass(std::move(parts));
    CurlHandle handle = idle_.take();
    if (!handle) return fail(ErrorKind::transient, "curl has no memory for a connection");
    if (!may_reach_host(options_.reach, std::string(parts->host))) {
      return fail(ErrorKind::rejected, fmt::format("{}{}", parts->host, kOutOfReach));
    }
    Exchange exchange(options_.body_limit);
    // The operator decides about the proxy's own address.
    if (!uses_proxy(request)) exchange.reach = options_.reach;
    const CurlList headers = make_header_list(request.headers);
    set_connection(handle.get(), request);
    set_request(handle.get(), request);
    set_callbacks(handle.get(), exchange);
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    const CURLcode code = curl_easy_perform(handle.get());
    long status = 0;
    long proxy_status = 0;  // of CONNECT
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle.get(), CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    idle_.give_back(std::move(handle));
    const bool is_direct = request.bypass_proxy || options_.proxy.empty();
    if (!is_direct && (status == kProxyLoginWanted || proxy_status == kProxyLoginWanted)) {
      return fail(ErrorKind::transient, proxy_refusal());
    }
    if (code != CURLE_OK) {
      return fail(ErrorKind::transient,
                  fmt::format("{}: {}", parts->authority, describe(code, exchange)));
    }
    return HttpResponse{.status = static_cast<int>(status),
                        .headers = std::move(exchange.headers),
                        .body = exchange.body.take()};
  }

 private:
  bool uses_proxy(const HttpRequest& request) const {
    return !request.bypass_proxy && !options_.proxy.empty();
  }

  std::string proxy_refusal() const {
    if (options_.proxy_login == nullptr) {
      return fmt::format(
          "the proxy {} wants a user and a password (407): name a file that holds user:password "
          "beside the proxy, as in {} file=/etc/ccm/proxy",
          options_.proxy, options_.proxy);
    }
    return fmt::format(
        "the proxy {} refuses the user and the password (407): correct the file that "
        "is named beside it",
        options_.proxy);
  }

  // Basic only, because anything else that a proxy offers would also need the password.
  void set_proxy_login(CURL* handle) const {
    if (options_.proxy_login == nullptr) return;
    std::string user(options_.proxy_login->user.reveal());
    std::string password(options_.proxy_login->password.reveal());
    curl_easy_setopt(handle, CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(handle, CURLOPT_PROXYUSERNAME, user.c_str());
    curl_easy_setopt(handle, CURLOPT_PROXYPASSWORD, password.c_str());
    wipe(user);
    wipe(password);
  }

  void set_connection(CURL* handle, const HttpRequest& request) const {
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    limit_protocols(handle, Protocols::http_and_https);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(handle, CURLOPT_SSL_CIPHER_LIST, kForwardSecret);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.connect_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytes);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kLowSpeedSeconds);
    // Set even when empty, because the environment's proxy must not count.
    const bool is_direct = !uses_proxy(request);
    curl_easy_setopt(handle, CURLOPT_PROXY, is_direct ? "" : options_.proxy.c_str());
    curl_easy_setopt(handle, CURLOPT_NOPROXY, is_direct ? "*" : "");
    if (!is_direct) set_proxy_login(handle);
    // Tokens are for the service, not for the proxy on the way.
    curl_easy_setopt(handle, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
    curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (!trusted_.empty()) set_trust(handle);
  }

  // CURLOPT_CAINFO_BLOB does the same, but only from curl 7.77 on.
  void set_trust(CURL* handle) const {
    curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, &trusted_);
    // Without these, curl would also use the system's file and directory.
    curl_easy_setopt(handle, CURLOPT_CAINFO, nullptr);
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }

  void set_request(CURL* handle, const HttpRequest& request) const {
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);  // what is signed is what is sent
    curl_easy_setopt(handle, CURLOPT_USERAGENT, options_.user_agent.c_str());
    const bool is_get = request.method == "GET";
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    }
    if (!is_get || !request.body.empty()) {
      curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    // curl silently repeats a request when a kept connection turns out to be dead. A second
    // issuance costs a certificate, so a request that changes something gets a new connection.
    const bool may_be_repeated = is_get || request.is_repeatable;
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, may_be_repeated ? 0L : 1L);
  }

  static void set_callbacks(CURL* handle, Exchange& exchange) {
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, exchange.problem.data());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &exchange);
  }

  const CurlOptions options_;
  const std::vector<crypto::Certificate> trusted_;  // empty: the system's store
  IdleHandles idle_;
};

}  // namespace

void initialize_curl_once() {
  // Never undone: it would have to outlive every other user of curl in the process.
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc,
                         wiping_strdup, wiping_calloc);
  });
}

Result<std::unique_ptr<HttpClient>> make_curl_client(const CurlOptions& options) {
  initialize_curl_once();
  std::vector<crypto::Certificate> trusted;
  if (options.ca_pem) {
    auto parsed = crypto::parse_certificates_pem(*options.ca_pem);
    if (!parsed) return fail_with(std::move(parsed), "trusted certificates");
    if (parsed->empty()) {
      return fail(ErrorKind::invalid, "the trusted certificates hold no certificate in PEM form");
    }
    trusted = *std::move(parsed);
  }
  return std::unique_ptr<HttpClient>(std::make_unique<CurlClient>(options, std::move(trusted)));
}

}  // namespace ccm::cloud
