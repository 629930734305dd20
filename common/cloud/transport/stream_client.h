// SPDX-License-Identifier: Apache-2.0
// A client of a service that the operator runs beside the servers: one that knows us by a
// certificate, answers at once, and tells of changes in an answer that does not end. On libcurl,
// without a proxy. Of the headers of an answer only Date is kept. Thread-safe: a handle per call,
// kept connections between calls.
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
  std::optional<std::string> ca_pem;  // of who may be the service; nullopt: the system's store
  std::string certificate_pem;        // what is shown to the service, leaf first; empty: nothing
  Secret key_pem = {};                // of that certificate
  std::size_t body_limit = std::size_t{16} << 20U;  // bytes of a whole answer
};

// The code of an Error when an answer is larger than `body_limit`; its kind is `rejected`.
inline constexpr std::string_view kAnswerTooLarge = "http.too_large";

class StreamClient : public HttpClient {
 public:
  // Gets each piece of a successful answer as it comes. False: enough.
  using Sink = std::function<bool(std::string_view)>;
  struct Patience {
    std::chrono::milliseconds silence;  // nothing comes for so long: the answer has ended
    int stop;                           // a descriptor that becomes readable to end it; borrowed
    // Asked whenever nothing has come for `quiet`; false: the answer has ended. May wait for a
    // moment. Empty: never asked.
    std::chrono::milliseconds quiet = {};
    std::function<bool()> is_alive = {};
  };

  // Fine when the service ended the answer, the sink had enough, nothing came for too long, or
  // `stop` or `is_alive` said so. A status other than 200 is handed back with its body, which the
  // sink does not get. `transient` when the connection cannot be made or broke.
  virtual Result<HttpResponse> stream(const HttpRequest& request, const Sink& sink,
                                      const Patience& patience) = 0;
};

// `invalid` when a text is not what it should be; `rejected` when the key does not fit.
Result<std::unique_ptr<StreamClient>> make_stream_client(const StreamOptions& options);

}  // namespace ccm::cloud
