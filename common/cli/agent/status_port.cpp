// SPDX-License-Identifier: Apache-2.0
#include "cli/agent/status_port.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/account.h"
#include "base/boundary.h"
#include "base/memory_file.h"
#include "base/text.h"
#include "cli/agent/status_service.h"
#include "cli/output/terminal.h"
#include "launch/process.h"

namespace ccm::cli {
namespace {

constexpr int kMostWaiting = 64;
constexpr const char* kNobody = "nobody";

// config/directives/simple_values.cpp has checked the text.
Result<FileDescriptor> listen_on(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const auto port =
      htons(static_cast<std::uint16_t>(parse_unsigned(address.substr(colon + 1)).value_or(0)));
  const bool is_six = address.starts_with('[');
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = port;
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &four.sin_addr);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = port;
  six.sin6_addr = in6addr_loopback;
  const auto* place =
      is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  const socklen_t size = is_six ? sizeof six : sizeof four;
  FileDescriptor listener(
      socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  const bool listens =
      listener && setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind(listener.get(), place, size) == 0 && listen(listener.get(), kMostWaiting) == 0;
  if (!listens) return fail(system_error(fmt::format("status_listen {}", address), errno));
  return listener;
}

// Drops root's rights, because answering needs none.
Result<void> become_harmless(const std::string& user) {
  if (geteuid() == 0) {
    auto account = find_account(user.empty() ? kDefaultAccount : user);
    if (!account) account = find_account(kNobody);
    if (!account) return fail(ErrorKind::invalid, "there is no account to answer as");
    if (initgroups(account->name.c_str(), account->group) != 0 ||
        setresgid(account->group, account->group, account->group) != 0 ||
        setresuid(account->user, account->user, account->user) != 0) {
      return fail(system_error(fmt::format("becoming \"{}\"", account->name), errno));
    }
  }
  launch::die_with_parent();
  if (Result<void> done = launch::give_up_new_privileges(); !done) return done;
  return launch::forbid_dumps("the status's process");
}

// Keeps only these two; above all no end of a lifeline stays open.
std::pair<FileDescriptor, FileDescriptor> keep_only(const FileDescriptor& listener,
                                                    const FileDescriptor& publication) {
  constexpr int kListener = STDERR_FILENO + 1;
  constexpr int kPublication = kListener + 1;
  constexpr int kAside = 100;
  const int first = fcntl(listener.get(), F_DUPFD, kAside);
  const int second = fcntl(publication.get(), F_DUPFD, kAside);
  dup2(first, kListener);
  dup2(second, kPublication);
  close_descriptors_from(kPublication + 1);
  return {FileDescriptor(kListener), FileDescriptor(kPublication)};
}

[[noreturn]] void answer_for_ever(const config::Config& config, const FileDescriptor& listener,
                                  const FileDescriptor& publication, pid_t parent) noexcept {
  const auto say = [](const char* what) {
    Terminal::say(fmt::format("the status is not shown: {}", what));
  };
  const int status = at_boundary(1, say, [&] {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_IGN);
    const auto [own_listener, own_publication] = keep_only(listener, publication);
    Result<void> done = become_harmless(config.global().user);
    if (getppid() != parent) return 0;
    if (done) done = serve_status(config, own_listener, own_publication);
    if (!done) say(done.error().message().c_str());
    return 1;
  });
  _exit(status);
}

}  // namespace

Result<void> StatusPort::listen_at(const std::string& address) {
  if (address == address_ && (listener_ || address.empty())) return {};
  FileDescriptor listener;
  if (!address.empty()) {
    Result<FileDescriptor> opened = listen_on(address);
    if (!opened) return pass(std::move(opened));
    listener = *std::move(opened);
  }
  stop();
  listener_ = std::move(listener);
  address_ = address;
  return {};
}

Result<void> StatusPort::start(const config::Config& config, FileDescriptor publication) {
  stop();
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) answer_for_ever(config, listener_, publication, parent);
  if (process_ < 0) return fail(system_error("starting the status's process", errno));
  return {};
}

void StatusPort::stop() noexcept {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

bool StatusPort::has_ended() noexcept {
  if (process_ <= 0 || waitpid(process_, nullptr, WNOHANG) != process_) return false;
  process_ = -1;
  return true;
}

}  // namespace ccm::cli
