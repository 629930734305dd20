// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/handshake_probe.h"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "base/error.h"
#include "crypto/certificate/names.h"

namespace ccm::crypto {
namespace {

using ConnectionHandle = Handle<SSL, SSL_free>;
using AddressesHandle = Handle<addrinfo, freeaddrinfo>;

constexpr const char* kRsaAlgorithms =
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1";
constexpr const char* kEcdsaAlgorithms = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA1";

Probe problem_of(ProbeOutcome outcome, std::string problem) {
  Probe probe;
  probe.outcome = outcome;
  probe.problem = std::move(problem);
  return probe;
}

// What the server said, or what is wrong with its answer.
Probe problem_of_handshake() {
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const char* text = ERR_reason_error_string(code);
  std::string problem = text == nullptr ? "the handshake failed" : text;
  drain_openssl_errors();
  const bool is_alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET;
  return problem_of(is_alert ? ProbeOutcome::refused : ProbeOutcome::no_tls, std::move(problem));
}

// One connection, from its beginning to its end. The bytes pass through buffers in memory, so that
// no write raises SIGPIPE and every wait ends.
class Conversation {
 public:
  Conversation(const Clock& clock, SteadyTime end) : clock_(clock), end_(end) {}

  // Empty when the connection is made.
  std::optional<Probe> connect_to(const NetworkAddress& address);
  Probe shake_hands(SSL_CTX* context, const std::string& server_name);

 private:
  bool wait_for(short events) const;
  bool send_all();
  // Empty when something was received.
  std::optional<Probe> receive();
  Probe what_was_shown() const;
  Probe silence() const { return problem_of(ProbeOutcome::silent, "no answer in time"); }

  const Clock& clock_;
  SteadyTime end_;
  FileDescriptor socket_;
  ConnectionHandle ssl_;
  BIO* in_ = nullptr;  // both are the connection's
  BIO* out_ = nullptr;
};

bool Conversation::wait_for(short events) const {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end_ - clock_.steady_now());
    if (left.count() <= 0) return false;
    pollfd entry{.fd = socket_.get(), .events = events, .revents = 0};
    const int ready =
        poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::optional<Probe> Conversation::connect_to(const NetworkAddress& address) {
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &found) !=
      0) {
    return problem_of(ProbeOutcome::unreachable, "this is no address");
  }
  const AddressesHandle addresses(found);
  socket_ = FileDescriptor(socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return problem_of(ProbeOutcome::unreachable, errno_text(errno));
  int problem = connect(socket_.get(), found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  if (problem == EINPROGRESS) {
    if (!wait_for(POLLOUT)) return problem_of(ProbeOutcome::silent, "no connection in time");
    socklen_t size = sizeof problem;
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0) problem = errno;
  }
  if (problem == 0) return std::nullopt;
  return problem_of(ProbeOutcome::unreachable, errno_text(problem));
}

bool Conversation::send_all() {
  std::array<char, 4096> bytes{};
  for (;;) {
    const int size = BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    if (size <= 0) return true;
    std::span<const char> left(bytes.data(), static_cast<std::size_t>(size));
    while (!left.empty()) {
      const ssize_t sent = send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
      if (sent > 0) left = left.subspan(static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (sent < 0 && errno == EAGAIN && !wait_for(POLLOUT)) return false;
    }
  }
}

std::optional<Probe> Conversation::receive() {
  std::array<char, 16384> bytes{};
  for (;;) {
    if (!wait_for(POLLIN)) return silence();
    const ssize_t size = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (size > 0) {
      BIO_write(in_, bytes.data(), static_cast<int>(size));
      return std::nullopt;
    }
    if (size == 0) {
      return problem_of(ProbeOutcome::no_tls, "the connection was closed during the handshake");
    }
    if (errno != EINTR && errno != EAGAIN) {
      return problem_of(ProbeOutcome::no_tls, errno_text(errno));
    }
  }
}

Probe Conversation::what_was_shown() const {
  Probe probe;
  probe.outcome = ProbeOutcome::shown;
  probe.protocol = SSL_get_version(ssl_.get());
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_.get());
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    probe.chain.push_back(Certificate::share_of(sk_X509_value(chain, i)));
  }
  const unsigned char* response = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), &response);
  if (response != nullptr && size > 0) {
    const auto* bytes = reinterpret_cast<const std::byte*>(response);
    probe.ocsp_response.assign(bytes, bytes + size);
  }
  return probe;
}

Probe Conversation::shake_hands(SSL_CTX* context, const std::string& server_name) {
  ssl_.reset(SSL_new(context));
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  if (ssl_ == nullptr || in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    return problem_of(ProbeOutcome::unreachable, "out of memory");
  }
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_tlsext_status_type(ssl_.get(), TLSEXT_STATUSTYPE_ocsp);
  if (!server_name.empty() && !is_ip_address(server_name)) {
    SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
  }
  for (;;) {
    drain_openssl_errors();
    const int done = SSL_connect(ssl_.get());
    const int want = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
    if (done == 1) SSL_shutdown(ssl_.get());
    const bool is_sent = send_all();
    if (done == 1) return what_was_shown();
    if (want != SSL_ERROR_WANT_READ) return problem_of_handshake();
    if (!is_sent && clock_.steady_now() >= end_) return silence();
    // Reads what the server said before it closed the connection.
    if (auto problem = receive()) return *std::move(problem);
  }
}

Handle<SSL_CTX, SSL_CTX_free> make_context(const char* algorithms) {
  Handle<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return nullptr;
  // Accepts everything, because also certificates that today's clients refuse should be seen.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (algorithms != nullptr && SSL_CTX_set1_sigalgs_list(context.get(), algorithms) != 1) {
    return nullptr;
  }
  return context;
}

}  // namespace

std::string to_string(const NetworkAddress& address) {
  const bool is_version_6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_version_6 ? "[" : "", address.host, is_version_6 ? "]" : "",
                     address.port);
}

Result<HandshakeProbe> HandshakeProbe::make(const Clock& clock, Seconds timeout) {
  HandshakeProbe probe(clock, timeout);
  probe.any_ = make_context(nullptr);
  probe.rsa_ = make_context(kRsaAlgorithms);
  probe.ecdsa_ = make_context(kEcdsaAlgorithms);
  if (probe.any_ == nullptr || probe.rsa_ == nullptr || probe.ecdsa_ == nullptr) {
    return fail(openssl_error(ErrorKind::internal, "make a TLS client"));
  }
  return probe;
}

SSL_CTX* HandshakeProbe::context_for(std::optional<KeyAlgorithm> key) const noexcept {
  if (key == KeyAlgorithm::rsa) return rsa_.get();
  if (key == KeyAlgorithm::ecdsa) return ecdsa_.get();
  return any_.get();
}

Probe HandshakeProbe::look(const NetworkAddress& address, const std::string& server_name,
                           std::optional<KeyAlgorithm> key) const {
  Conversation conversation(*clock_, clock_->steady_now() + timeout_);
  if (auto problem = conversation.connect_to(address)) return *std::move(problem);
  Probe probe = conversation.shake_hands(context_for(key), server_name);
  drain_openssl_errors();
  return probe;
}

}  // namespace ccm::crypto
