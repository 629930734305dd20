// SPDX-License-Identifier: Apache-2.0
#include "heartbeat.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "base/clock.h"
#include "boundary.h"

namespace ccm::apache {
namespace {

struct Heart {
  server::Deployment* deployment = nullptr;
  std::array<int, 2> end{-1, -1};  // a pipe; the thread ends when there is something in it
  pthread_t thread{};
};

void* beat(void* data) noexcept {
  constexpr std::chrono::milliseconds kBetween = server::Deployment::kBetweenSigns;
  const Heart& heart = *static_cast<Heart*>(data);
  const SystemClock clock;
  pollfd end{heart.end[0], POLLIN, 0};
  int ready = 0;
  while (ready == 0 || (ready < 0 && errno == EINTR)) {
    heart.deployment->give_sign(clock.steady_now());
    ready = poll(&end, 1, static_cast<int>(kBetween.count()));
  }
  return nullptr;
}

apr_status_t stop(void* data) noexcept {
  const Heart& heart = *static_cast<Heart*>(data);
  static_cast<void>(write(heart.end[1], "", 1) < 0);
  pthread_join(heart.thread, nullptr);
  for (const int end : heart.end) close(end);
  return APR_SUCCESS;
}

int start(Heart& heart) noexcept {
  constexpr std::size_t kStack = std::size_t{256} * 1024;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  const int failure = pthread_create(&heart.thread, &attributes, beat, &heart);
  pthread_attr_destroy(&attributes);
  return failure;
}

}  // namespace

void give_signs(apr_pool_t* child, server::Deployment& deployment, Log& log) noexcept {
  // prefork ends a child from a signal handler, which frees memory. With a second thread, the
  // handler may wait for a lock of the heap that the interrupted code holds.
  int threaded = AP_MPMQ_NOT_SUPPORTED;
  ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded);
  if (threaded == AP_MPMQ_NOT_SUPPORTED) return;
  auto* heart = ::new (apr_palloc(child, sizeof(Heart))) Heart{.deployment = &deployment};
  // The new thread must get none of httpd's signals, and none may end this process before the
  // thread is registered.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int failure = pipe2(heart->end.data(), O_CLOEXEC) == 0 ? start(*heart) : errno;
  if (failure == 0) apr_pool_cleanup_register(child, heart, stop, apr_pool_cleanup_null);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure == 0) return;
  for (const int end : heart->end) {
    if (end >= 0) close(end);
  }
  hook_boundary(0, [&] {
    log.warn("it will not be noticed if this process stops: {}",
             system_error("starting a thread", failure).message());
    return 0;
  });
}

}  // namespace ccm::apache
