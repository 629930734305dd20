// SPDX-License-Identifier: Apache-2.0
// A client of a service that the operator runs beside the servers. The service knows us by a
// certificate, answers at once, and reports changes in an answer that does not end. Based on
// libcurl, without a proxy. Of an answer's headers only Date is kept. Thread-safe: a handle per
// call, kept connections between calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "cloud/transport/http_client.h"

namespace ccm::cloud {

struct StreamOptions {
  std::optional<std::string> ca_pem;  // authorities of the service; nullopt: the system's store
  std::string certificate_pem;        // for the service, leaf first; empty: none
  Secret key_pem = {};                // of that certificate
  std::size_t body_limit = std::size_t{16} << 20U;  // bytes of a complete answer
};

// The code of an Error when an answer is larger than `body_limit`; its kind is `rejected`.
inline constexpr std::string_view kAnswerTooLarge = "http.too_large";

class StreamClient : public HttpClient {
 public:
  // Gets each piece of a successful answer as it comes. Returns false to end it.
  using Sink = std::function<bool(std::string_view)>;
  struct Patience {
    std::chrono::milliseconds silence;  // the answer ends when nothing has come for so long
    int stop;                           // a descriptor that becomes readable to end it; borrowed
    // Called whenever nothing has come for `quiet`; false: the answer has ended. May take a moment.
    // Empty: never called.
    std::chrono::milliseconds quiet = {};
    std::function<bool()> is_alive = {};
  };

  // Succeeds when the service ended the answer, the sink returned false, nothing came for too long,
  // or `stop` or `is_alive` ended it. An answer with a status other than 200 is returned with its
  // body, which the sink does not get. `transient` when the connection cannot be made or broke.
  virtual Result<HttpResponse> stream(const HttpRequest& request, const Sink& sink,
                                      const Patience& patience) = 0;
};

// `invalid` when a text is malformed; `rejected` when the key does not fit.
Result<std::unique_ptr<StreamClient>> make_stream_client(const StreamOptions& options);

}  // namespace ccm::cloud
