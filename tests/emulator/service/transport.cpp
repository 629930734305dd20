// SPDX-License-Identifier: Apache-2.0
#include "service/transport.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "text.h"

namespace emulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::uint64_t kMaximumBody = 12ULL * 1024 * 1024;  // the gateway's limit
constexpr std::uint32_t kMaximumHeader = 4U * 1024 * 1024;   // tokens of 2 MiB are promised

tcp::endpoint endpoint_of(const std::string& listen) {
  const auto colon = listen.rfind(':');
  boost::system::error_code error;
  const auto host = colon == std::string::npos ? "" : listen.substr(0, colon);
  const auto address = asio::ip::make_address(host, error);
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  if (error || !digits || std::stoul(port) > 65535) {
    throw std::runtime_error(fmt::format(
        "--listen {}: an IP address and a port are needed, such as 127.0.0.1:0", listen));
  }
  return {address, static_cast<unsigned short>(std::stoul(port))};
}

Request to_request(const http::request<http::string_body>& message, bool secure) {
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.body = message.body();
  request.secure = secure;
  for (const auto& field : message) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  return request;
}

// Status line and headers; the body is written apart, so that it can be cut or slowed down.
std::string head_of(const Reply& reply, bool keep_alive) {
  http::response<http::empty_body> message(static_cast<http::status>(reply.status), 11);
  for (const auto& [name, value] : reply.headers) message.insert(name, value);
  message.keep_alive(keep_alive);
  if (reply.status != 204) message.content_length(reply.body.size());
  std::ostringstream text;
  text << message.base();
  return text.str();
}

// After this, closing the socket sends RST instead of FIN.
void arm_reset(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

template <typename Stream>
class Connection {
 public:
  Connection(Stream& stream, bool secure) : stream_(stream), secure_(secure) {}

  void run(const Transport::Handle& handle, const Transport::Answering& answering) {
    while (read()) {
      const Reply reply = handle(request_);
      pause(reply.delivery.delay_ms);
      if (!send(reply, answering)) return;
    }
  }

 private:
  bool read() {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kMaximumBody);
    parser.header_limit(kMaximumHeader);
    beast::error_code error;
    http::read_header(stream_, buffer_, parser, error);
    if (!error && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      asio::write(stream_, asio::buffer(std::string("HTTP/1.1 100 Continue\r\n\r\n")), error);
    }
    if (!error) http::read(stream_, buffer_, parser, error);
    if (error) {
      refuse(error);
      return false;
    }
    keep_alive_ = parser.get().keep_alive();
    request_ = to_request(parser.get(), secure_);
    return true;
  }

  void refuse(const beast::error_code& error) {
    if (error.category() != http::make_error_code(http::error::end_of_stream).category() ||
        error == http::error::end_of_stream || error == http::error::partial_message) {
      return;
    }
    const bool large = error == http::error::body_limit;
    Reply reply;
    reply.status = large ? 413 : 400;
    const std::string request_id = random_hex(16);
    reply.headers = {{"Content-Type", "application/json;charset=UTF-8"},
                     {"Server", "api-gateway"},
                     {"X-Request-Id", request_id}};
    reply.body =
        fmt::format(R"({{"error_msg":"{}","error_code":"APIGW.0201","request_id":"{}"}})",
                    large ? "Request entity too large." : "API request error.", request_id);
    beast::error_code ignored;
    asio::write(stream_, asio::buffer(head_of(reply, false) + reply.body), ignored);
    if (large) discard_body();
  }

  // A client that is still sending would lose the answer to a reset; let it finish, within reason.
  void discard_body() {
    constexpr std::size_t kEnough = 64UL * 1024 * 1024;
    beast::error_code error;
    std::vector<char> ignored(65536);
    for (std::size_t total = 0; !error && total < kEnough;) {
      total += stream_.read_some(asio::buffer(ignored), error);
    }
  }

  // False when the connection is over.
  bool send(const Reply& reply, const Transport::Answering& answering) {
    using Ending = Delivery::Ending;
    const Ending ending = reply.delivery.ending;
    const bool silent =
        ending == Ending::hang || ending == Ending::reset || ending == Ending::close;
    answering(reply, silent ? 0 : reply.status);
    if (ending == Ending::hang) wait_for_peer();
    if (ending == Ending::reset) arm_reset(beast::get_lowest_layer(stream_));
    if (silent) return false;
    beast::error_code error;
    asio::write(stream_, asio::buffer(head_of(reply, keep_alive_)), error);
    const std::string body =
        ending == Ending::half_body ? reply.body.substr(0, reply.body.size() / 2) : reply.body;
    write_body(body, reply.delivery.trickle_ms, error);
    return !error && ending == Ending::complete && keep_alive_;
  }

  void write_body(const std::string& body, std::int64_t trickle_ms, beast::error_code& error) {
    if (trickle_ms == 0) {
      if (!error) asio::write(stream_, asio::buffer(body), error);
      return;
    }
    for (std::size_t i = 0; i < body.size() && !error; ++i) {
      pause(trickle_ms);
      asio::write(stream_, asio::buffer(&body[i], 1), error);
    }
  }

  void wait_for_peer() {
    beast::error_code error;
    char ignored[256];
    while (!error) stream_.read_some(asio::buffer(ignored), error);
  }

  static void pause(std::int64_t milliseconds) {
    if (milliseconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  }

  Stream& stream_;
  beast::flat_buffer buffer_;
  bool secure_;
  bool keep_alive_ = false;
  Request request_;
};

// A TLS client begins with a handshake record (RFC 8446 section 5.1), an HTTP client with a letter.
bool begins_tls(tcp::socket& socket, beast::error_code& error) {
  constexpr unsigned char kHandshake = 0x16;
  unsigned char first = 0;
  socket.receive(asio::buffer(&first, 1), asio::socket_base::message_peek, error);
  return first == kHandshake;
}

void serve_connection(tcp::socket socket, asio::ssl::context& tls, const Transport::Handle& handle,
                      const Transport::Answering& answering) {
  beast::error_code error;
  socket.set_option(tcp::no_delay(true), error);
  const bool secure = begins_tls(socket, error);
  if (error) return;
  if (!secure) {
    Connection<tcp::socket>(socket, false).run(handle, answering);
    return;
  }
  asio::ssl::stream<tcp::socket> stream(std::move(socket), tls);
  stream.handshake(asio::ssl::stream_base::server, error);
  if (error) return;
  Connection<asio::ssl::stream<tcp::socket>>(stream, true).run(handle, answering);
  // A reset connection is closed already; the others say good-bye when the peer still listens.
  auto& lowest = stream.next_layer();
  if (!lowest.is_open()) return;
  SSL_shutdown(stream.native_handle());
  lowest.shutdown(tcp::socket::shutdown_both, error);
}

}  // namespace

Transport::Transport(const std::vector<std::string>& listen)
    : tls_(asio::ssl::context::tls_server) {
  for (const std::string& each : listen) open(each);
}

void Transport::open(const std::string& listen) {
  const tcp::endpoint endpoint = endpoint_of(listen);
  Acceptor& acceptor = acceptors_.emplace_back(context_);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) throw std::runtime_error(fmt::format("--listen {}: {}", listen, error.message()));
}

std::string Transport::authority() const {
  const tcp::endpoint endpoint = acceptors_.front().local_endpoint();
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

void Transport::use_certificate(const std::string& certificate, const std::string& key) {
  tls_.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  tls_.use_certificate_chain(asio::buffer(certificate));
  tls_.use_private_key(asio::buffer(key), asio::ssl::context::pem);
}

void Transport::serve(const Handle& handle, const Answering& answering) {
  for (std::size_t i = 1; i < acceptors_.size(); ++i) {
    std::thread([&, i] { accept(acceptors_[i], handle, answering); }).detach();
  }
  accept(acceptors_.front(), handle, answering);
}

void Transport::accept(Acceptor& acceptor, const Handle& handle, const Answering& answering) {
  for (;;) {
    tcp::socket socket(context_);
    boost::system::error_code error;
    acceptor.accept(socket, error);
    if (error) {
      // Out of descriptors, most likely: give connections time to end.
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    std::thread([this, &handle, &answering, accepted = std::move(socket)]() mutable {
      try {
        serve_connection(std::move(accepted), tls_, handle, answering);
      } catch (const std::exception& problem) {
        fmt::print(stderr, "ccm-emulator: a connection failed: {}\n", problem.what());
      }
    }).detach();
  }
}

}  // namespace emulator
