// SPDX-License-Identifier: Apache-2.0
#include "agent/process/sign_of_life.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/handle.h"
#include "launch/process.h"

namespace ccm::agent {
namespace {

// A predecessor ends within milliseconds after its lifeline was closed.
constexpr unsigned kFailuresUntilError = 3;

// The server never reads this message. It stays in the socket until the server closes its end.
void send_over_lifeline(const FileDescriptor& lock) noexcept {
  char byte = 0;
  iovec content{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  const int descriptor = lock.get();
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  // If the system forbids this, ccmctl takes the server for stopped when its agent has ended.
  static_cast<void>(sendmsg(launch::kLifelineDescriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL) <
                    0);
}

}  // namespace

SignOfLife::SignOfLife(Parts parts)
    : pulse_(parts.pulse),
      clock_(parts.clock),
      log_(parts.log),
      presence_(std::move(parts.state_path), {.server = store::id_of(parts.server),
                                              .pid = static_cast<std::uint32_t>(getpid()),
                                              .since = parts.clock.now(),
                                              .names = std::move(parts.publishes)}) {}

SteadyTime SignOfLife::give() {
  pulse_.beat(Member::agent);
  const SteadyTime now = clock_.steady_now();
  flaws_.set(AgentFlaw::unusable_files, pulse_.has_unusable_files());
  presence_.has(flaws_);
  if (now < next_) return now;
  claim(now);
  const Result<void> written = presence_.beat(now);
  problem_ = written ? "" : written.error().message();
  next_ = now + (is_claimed_ ? kBeat : Seconds(1));
  return now;
}

void SignOfLife::claim(SteadyTime now) {
  const Result<void> claimed = presence_.claim(now);
  is_claimed_ = claimed.has_value();
  if (is_claimed_) {
    if (const FileDescriptor lock = presence_.lock_for_server()) send_over_lifeline(lock);
    failures_ = 0;
  } else if (++failures_ == kFailuresUntilError) {
    log_.error("ccmctl cannot be told what this server serves: {}", claimed.error().message());
  }
}

}  // namespace ccm::agent
