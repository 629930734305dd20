// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/stream_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/boundary.h"
#include "base/clock.h"
#include "base/text.h"
#include "cloud/transport/body_buffer.h"
#include "cloud/transport/curl_client.h"
#include "cloud/transport/curl_protocols.h"
#include "cloud/transport/endpoints.h"
#include "cloud/transport/idle_handles.h"
#include "crypto/certificate/pem.h"
#include "crypto/verification/trust.h"

namespace ccm::cloud {
namespace {

using StreamHeaders = Handle<curl_slist, curl_slist_free_all>;
using MultiHandle = Handle<CURLM, curl_multi_cleanup>;

constexpr long kHttpOk = 200;
constexpr int kLongestLook = 1000;  // milliseconds between two looks at the clock
constexpr long kKeepAliveSeconds = 5;

struct Identity {
  std::vector<crypto::Certificate> trusted;  // empty: the system's store
  std::vector<crypto::Certificate> chain;    // empty: nothing is shown
  std::optional<crypto::KeyPair> key;
};

struct Transfer {
  explicit Transfer(std::size_t body_limit) : body(body_limit) {}

  CURL* handle = nullptr;
  BodyBuffer body;
  const StreamClient::Sink* sink = nullptr;  // nullptr: everything goes into the body
  bool has_enough = false;
  bool has_news = false;
  std::string date;  // the header
  std::array<char, CURL_ERROR_SIZE> problem{};
};

// Measures how long nothing has come, and decides whether that is too long.
class Listening {
 public:
  explicit Listening(const StreamClient::Patience& patience) : patience_(patience) {}

  bool goes_on(bool has_news) {
    const SteadyTime now = clock_.steady_now();
    if (has_news) last_ = seen_ = now;
    if (now - last_ >= patience_.silence) return false;
    if (!patience_.is_alive || now - seen_ < patience_.quiet) return true;
    if (!patience_.is_alive()) return false;
    seen_ = clock_.steady_now();
    return true;
  }
  // Milliseconds until goes_on() has to be asked again.
  int wait() const {
    SteadyTime until = last_ + patience_.silence;
    if (patience_.is_alive) until = std::min(until, seen_ + patience_.quiet);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - clock_.steady_now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, kLongestLook));
  }

 private:
  const StreamClient::Patience& patience_;
  const SystemClock clock_;
  SteadyTime last_ = clock_.steady_now();  // when something came
  SteadyTime seen_ = last_;                // or when the service was found alive
};

std::size_t on_piece(char* data, std::size_t, std::size_t size, void* context) noexcept {
  return at_boundary(
      std::size_t{0}, [](std::string_view) {},
      [&]() -> std::size_t {
        auto& transfer = *static_cast<Transfer*>(context);
        long status = 0;
        curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
        if (transfer.sink == nullptr || status != kHttpOk) {
          return transfer.body.append(std::as_bytes(std::span(data, size))) ? size : 0;
        }
        transfer.has_news = true;
        if ((*transfer.sink)(std::string_view(data, size))) return size;
        transfer.has_enough = true;
        return 0;
      });
}

std::size_t on_stream_header(char* data, std::size_t, std::size_t size, void* context) noexcept {
  return at_boundary(
      std::size_t{0}, [](std::string_view) {},
      [&] {
        const std::string_view line(data, size);
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos &&
            equals_ignoring_case(line.substr(0, colon), "date")) {
          static_cast<Transfer*>(context)->date = trim(line.substr(colon + 1));
        }
        return size;
      });
}

// Called for each new connection. Without the trusted certificates no connection may be made.
CURLcode on_new_tls(CURL*, void* context, void* identity) noexcept {
  return at_boundary(
      CURLE_SSL_CERTPROBLEM, [](std::string_view) {},
      [&] {
        const auto& own = *static_cast<const Identity*>(identity);
        if (!crypto::add_trust(context, own.trusted)) return CURLE_SSL_CACERT_BADFILE;
        if (own.key && !crypto::show_certificate(context, own.chain, *own.key)) {
          return CURLE_SSL_CERTPROBLEM;
        }
        return CURLE_OK;
      });
}

StreamHeaders header_list(const Headers& headers) {
  StreamHeaders list;
  const auto append = [&list](const std::string& line) {
    if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
      static_cast<void>(list.release());
      list.reset(longer);
    }
  };
  for (const auto& [name, value] : headers) {
    std::string line = fmt::format("{}: {}", name, value);
    append(line);
    wipe(line);
  }
  append("Expect:");
  return list;
}

std::string reason_of(CURLcode code, const Transfer& transfer) {
  std::string text = printable(transfer.problem.data());
  return text.empty() ? curl_easy_strerror(code) : text;
}

// How a transfer ended; nullopt while it goes on.
std::optional<CURLcode> ending_of(CURLM* multi) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return std::nullopt;
}

class CurlStreamClient final : public StreamClient {
 public:
  CurlStreamClient(std::size_t body_limit, Identity identity)
      : body_limit_(body_limit), identity_(std::move(identity)) {}

  Result<HttpResponse> send(const HttpRequest& request) override {
    return exchange(request, nullptr, [](Transfer& transfer) {
      return std::optional(curl_easy_perform(transfer.handle));
    });
  }

  Result<HttpResponse> stream(const HttpRequest& request, const Sink& sink,
                              const Patience& patience) override {
    return exchange(request, &sink, [&](Transfer& transfer) { return follow(transfer, patience); });
  }

 private:
  // `perform` runs the transfer; nullopt: it was ended on purpose.
  template <typename Perform>
  Result<HttpResponse> exchange(const HttpRequest& request, const Sink* sink, Perform perform) {
    auto parts = split_url(request.url);
    if (!parts) return pass(std::move(parts));
    CurlHandle handle = idle_.take();
    if (!handle) return fail(ErrorKind::transient, "curl has no memory for a connection");
    Transfer transfer(body_limit_);
    transfer.handle = handle.get();
    transfer.sink = sink;
    const StreamHeaders headers = header_list(request.headers);
    set_up(transfer, request);
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    const std::optional<CURLcode> code = perform(transfer);
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    idle_.give_back(std::move(handle));
    if (transfer.body.is_too_large()) {
      Error error(ErrorKind::rejected, "the answer is larger than an answer may be");
      return fail(std::move(error)
                      .with_code(std::string(kAnswerTooLarge), "")
                      .with_context(parts->authority));
    }
    if (code && *code != CURLE_OK && !transfer.has_enough) {
      return fail(ErrorKind::transient,
                  fmt::format("{}: {}", parts->authority, reason_of(*code, transfer)));
    }
    HttpResponse response{
        .status = static_cast<int>(status), .headers = {}, .body = transfer.body.take()};
    if (!transfer.date.empty()) response.headers.emplace_back("Date", std::move(transfer.date));
    return response;
  }

  // Uses a multi handle, because only that can wait for another descriptor as well.
  static std::optional<CURLcode> follow(Transfer& transfer, const Patience& patience) {
    const MultiHandle multi(curl_multi_init());
    if (!multi || curl_multi_add_handle(multi.get(), transfer.handle) != CURLM_OK) {
      return CURLE_OUT_OF_MEMORY;
    }
    Listening listening(patience);
    std::optional<CURLcode> code;
    for (bool goes_on = true; goes_on;) {
      int running = 0;
      if (curl_multi_perform(multi.get(), &running) != CURLM_OK) code = CURLE_OUT_OF_MEMORY;
      if (!code) code = ending_of(multi.get());
      goes_on = !code && listening.goes_on(std::exchange(transfer.has_news, false));
      if (!goes_on) break;
      curl_waitfd stop{.fd = patience.stop, .events = CURL_WAIT_POLLIN, .revents = 0};
      curl_multi_wait(multi.get(), &stop, 1, listening.wait(), nullptr);
      goes_on = stop.revents == 0;
    }
    curl_multi_remove_handle(multi.get(), transfer.handle);
    return code;
  }

  void set_up(Transfer& transfer, const HttpRequest& request) {
    CURL* handle = transfer.handle;
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    limit_protocols(handle, Protocols::http_and_https);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.connect_timeout.count()));
    if (transfer.sink == nullptr) {
      curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                       static_cast<long>(request.total_timeout.count()));
    }
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer.problem.data());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_piece);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_stream_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    if (identity_.trusted.empty() && !identity_.key) return;
    curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, on_new_tls);
    curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, &identity_);
    if (identity_.trusted.empty()) return;
    // Without these, curl would also use the system's file and directory.
    curl_easy_setopt(handle, CURLOPT_CAINFO, nullptr);
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }

  const std::size_t body_limit_;
  Identity identity_;
  IdleHandles idle_;
};

Result<std::vector<crypto::Certificate>> certificates_in(const std::string& pem,
                                                         std::string_view what) {
  auto parsed = crypto::parse_certificates_pem(pem);
  if (!parsed) return fail_with(std::move(parsed), what);
  if (parsed->empty()) {
    return fail(ErrorKind::invalid, fmt::format("{}: there is no certificate in PEM form", what));
  }
  return parsed;
}

}  // namespace

Result<std::unique_ptr<StreamClient>> make_stream_client(const StreamOptions& options) {
  initialize_curl_once();
  Identity identity;
  if (options.ca_pem) {
    auto trusted = certificates_in(*options.ca_pem, "trusted certificates");
    if (!trusted) return pass(std::move(trusted));
    identity.trusted = *std::move(trusted);
  }
  if (!options.certificate_pem.empty()) {
    auto chain = certificates_in(options.certificate_pem, "client certificate");
    if (!chain) return pass(std::move(chain));
    auto key = crypto::KeyPair::parse_pem(options.key_pem.reveal());
    if (!key) return fail_with(std::move(key), "key of the client certificate");
    if (!chain->front().matches(*key)) {
      return fail(ErrorKind::rejected, "the key does not fit the client certificate");
    }
    identity.chain = *std::move(chain);
    identity.key = *std::move(key);
  }
  return std::unique_ptr<StreamClient>(
      std::make_unique<CurlStreamClient>(options.body_limit, std::move(identity)));
}

}  // namespace ccm::cloud
