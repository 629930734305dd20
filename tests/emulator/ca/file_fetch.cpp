// SPDX-License-Identifier: Apache-2.0
#include "ca/file_fetch.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <stdexcept>

#include "ca/address.h"

namespace emulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::uint64_t kLargestProof = 4096;

// Runs one asynchronous step to its end; the stream's time limit ends it at the latest.
template <typename Result>
Result finish(asio::io_context& context, std::future<Result> step) {
  context.restart();
  context.run();
  return step.get();
}

template <typename Stream>
http::response<http::string_body> ask(asio::io_context& context, Stream& stream,
                                      const http::request<http::empty_body>& request) {
  finish(context, http::async_write(stream, request, asio::use_future));
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kLargestProof);
  finish(context, http::async_read(stream, buffer, parser, asio::use_future));
  return parser.release();
}

http::response<http::string_body> fetch(const ProofWish& wish, bool secure,
                                        const std::string& address) {
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  beast::ssl_stream<beast::tcp_stream> stream(context, tls);
  auto& plain = beast::get_lowest_layer(stream);
  plain.expires_after(std::chrono::milliseconds(wish.timeout_ms));
  const HostAndPort place = host_and_port(address);
  finish(context,
         plain.async_connect({asio::ip::make_address(place.host), place.port}, asio::use_future));
  http::request<http::empty_body> request(http::verb::get,
                                          "/.well-known/pki-validation/" + wish.file, 11);
  request.set(http::field::host, wish.domain);
  request.set(http::field::user_agent, "ccm-emulator validation");
  request.set(http::field::connection, "close");
  if (!secure) return ask(context, plain, request);
  SSL_set_tlsext_host_name(stream.native_handle(), wish.domain.c_str());
  finish(context, stream.async_handshake(asio::ssl::stream_base::client, asio::use_future));
  return ask(context, stream, request);
}

}  // namespace

Sight fetch_file(const ProofWish& wish, const std::string& scheme, const std::string& address) {
  Sight sight{fmt::format("{}://{}/.well-known/pki-validation/{} at {}", scheme, wish.domain,
                          wish.file, address),
              scheme,
              {},
              ""};
  try {
    const auto answer = fetch(wish, scheme == "https", address);
    if (answer.result_int() == 200) {
      sight.values = {answer.body()};
    } else {
      const auto target = std::string(answer[http::field::location]);
      sight.problem = fmt::format("the answer is {}{}", answer.result_int(),
                                  target.empty() ? "" : ", a redirect to " + target);
    }
  } catch (const std::exception& problem) {
    sight.problem = fmt::format("no answer: {}", problem.what());
  }
  return sight;
}

}  // namespace emulator
