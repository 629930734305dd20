// SPDX-License-Identifier: Apache-2.0
#include "agent/monitor/monitor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/hooks/agent_channel.h"
#include "agent/hooks/hook_runner.h"
#include "agent/monitor/access_trial.h"
#include "agent/monitor/guard.h"
#include "agent/monitor/watched_files.h"
#include "agent/process/child.h"
#include "agent/process/server_log.h"
#include "base/text.h"
#include "launch/process.h"
#include "store/host/trouble.h"

namespace ccm::agent {
namespace {

using Milliseconds = std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr Milliseconds kLookAtFiles{1'000};

// The parts of the configuration that the monitor uses.
struct Places {
  WatchedFiles watched = {};
  std::string state = {};  // empty: no directory
  std::vector<config::Hook> hooks = {};
};

Places places_of(const config::Handover& handover) {
  const Result<config::Config> config = handover.settings.finalize();
  if (!config) return {};
  return {.watched = WatchedFiles(config->global(), config->further_credentials()),
          .state = config->global().state_path,
          .hooks = config->global().hooks};
}

class Monitor {
 public:
  explicit Monitor(const Family& family)
      : family_(family),
        log_(family.handover.server),
        places_(places_of(family.handover)),
        troubles_(places_.state, store::id_of(family.handover.server)),
        hooks_({.hooks = places_.hooks,
                .say =
                    [this](Severity severity, const std::string& line) {
                      log_.write({severity, line}, getpid());
                    },
                .become_keeper = [this] { family_.become(Member::keeper); },
                .reply = [this](const HookAnswer& answer) { channel_.send(answer); }}),
        next_start_(SteadyClock::now()),
        next_guard_(next_start_) {}

  int run();

 private:
  void start_if_due();
  void start();
  void start_guard();
  void carry_log();
  void take_events();
  void reap();
  void reap_guard();
  void look_for_hangs();
  void look_at_files();
  void take_verdict();
  void start_anew();
  int poll_timeout() const;

  const Family& family_;
  ServerLog log_;
  Places places_;
  store::TroubleFile troubles_;
  AgentChannel channel_;
  HookRunner hooks_;
  std::string last_words_;  // the agent's last error
  RestartBackoff restarts_{kAgentDelays};
  RestartBackoff refusals_{kOperatorDelays};
  SteadyClock::time_point next_start_;
  Child child_;
  std::vector<std::string> changed_;  // files of the running trial
  AccessTrial trial_;
  RestartBackoff guard_restarts_{kAgentDelays};
  SteadyClock::time_point next_guard_;
  Child guard_;
};

int Monitor::run() {
  for (;;) {
    family_.pulse.beat(Member::monitor);
    start_if_due();
    hooks_.look();
    std::vector<pollfd> waiting{{launch::kLifelineDescriptor, POLLIN, 0},
                                {child_.output.get(), POLLIN, 0},
                                {child_.handle.get(), POLLIN, 0},
                                {guard_.handle.get(), POLLIN, 0},
                                {trial_.descriptor(), POLLIN, 0},
                                channel_.incoming(),
                                channel_.outgoing()};
    hooks_.add_to(waiting);
    if (poll(waiting.data(), waiting.size(), poll_timeout()) < 0 && errno != EINTR) return 1;
    if (waiting[0].revents != 0) {
      // The agent's writes are atomic, so it can be killed at any time. Waits only for its end,
      // because in a container the server itself would inherit an orphan.
      trial_.stop();
      end_child(guard_);
      end_child(child_);
      hooks_.stop();
      troubles_.clear();
      return 0;
    }
    if (waiting[1].revents != 0) carry_log();
    if (waiting[5].revents != 0 || waiting[6].revents != 0) take_events();
    // Where the system has no pidfd, the end of its output shows that it has ended.
    if (child_.pid > 0 && (waiting[2].revents != 0 || !child_.output)) reap();
    if (guard_.pid > 0) reap_guard();
    look_for_hangs();
    look_at_files();
    take_verdict();
  }
}

int Monitor::poll_timeout() const {
  const bool waits_for_start = child_.pid < 0;
  const auto until_start = std::chrono::ceil<Milliseconds>(next_start_ - SteadyClock::now());
  const Milliseconds timeout = waits_for_start ? std::min(until_start, kLookAtFiles) : kLookAtFiles;
  return static_cast<int>(std::max(timeout, Milliseconds(0)).count());
}

// The guard first, so that it inherits nothing of the agent's.
void Monitor::start_if_due() {
  const auto now = SteadyClock::now();
  if (guard_.pid < 0 && now >= next_guard_) start_guard();  // 3
  if (child_.pid < 0 && now >= next_start_) start();        // 4
  if (child_.pid > 0 && now - child_.born >= RestartBackoff::kLongEnough) troubles_.clear();
}

void Monitor::start_guard() {
  const pid_t monitor = getpid();
  // Read before the guard lives, so that its first beat counts.
  const std::uint64_t beats = family_.pulse.beats(Member::guard);
  const pid_t pid = fork();
  if (pid == 0) {
    family_.become(Member::guard);
    _exit(stand_guard(family_, monitor));
  }
  if (pid < 0) {
    next_guard_ = SteadyClock::now() + guard_restarts_.failed_at_once();
    return;
  }
  guard_ = Child{.pid = pid,
                 .handle = handle_of(pid),
                 .output = {},
                 .partial = {},
                 .born = SteadyClock::now(),
                 .beats_at_birth = beats};
}

void Monitor::start() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    next_start_ = SteadyClock::now() + restarts_.failed_at_once();
    return;
  }
  FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  hooks_.drop_questions();
  const Result<AgentChannel::Ends> agents_ends = channel_.open();
  if (!agents_ends) {
    log_.write({Severity::error, agents_ends.error().message()}, getpid());
    next_start_ = SteadyClock::now() + restarts_.failed_at_once();
    return;
  }
  const std::uint64_t beats = family_.pulse.beats(Member::agent);
  const pid_t pid = fork_child();
  if (pid == 0) {
    dup2(agents_ends->from_monitor.get(), STDIN_FILENO);
    dup2(agents_ends->to_monitor.get(), STDOUT_FILENO);
    dup2(write_end.get(), STDERR_FILENO);
    family_.become(Member::agent);
    // No destructor may run here, because it would close descriptors that are closed already.
    _exit(family_.agent(family_.pulse));
  }
  if (pid < 0) {
    log_.write({Severity::error, system_error("starting the agent", errno).message()}, getpid());
    next_start_ = SteadyClock::now() + restarts_.failed_at_once();
    return;
  }
  fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  child_ = Child{.pid = pid,
                 .handle = handle_of(pid),
                 .output = std::move(read_end),
                 .partial = {},
                 .born = SteadyClock::now(),
                 .beats_at_birth = beats};
}

void Monitor::carry_log() {
  std::array<char, 65536> buffer;
  const ssize_t count = read(child_.output.get(), buffer.data(), buffer.size());
  if (count <= 0) {
    if (count == 0) child_.output.reset();
    return;
  }
  child_.partial.append(buffer.data(), static_cast<std::size_t>(count));
  const std::size_t lines = for_each_line(child_.partial, [this](std::string_view text) {
    const LogLine line = untag(text);
    if (line.severity <= Severity::error) last_words_ = line.text;
    log_.write(line, child_.pid);
  });
  child_.partial.erase(0, lines);
  // A line without an end must not fill the memory.
  if (child_.partial.size() > kMostLine) {
    log_.write(untag(child_.partial), child_.pid);
    child_.partial.clear();
  }
}

// The agent only says what has happened; the configuration says which programs to run.
void Monitor::take_events() {
  const Result<std::vector<EventMessage>> messages = channel_.take();
  if (!messages) {
    log_.write({Severity::error,
                fmt::format("the agent says something that is no event ({}); no hook is run until "
                            "it starts again",
                            messages.error().message())},
               getpid());
    return;
  }
  for (const EventMessage& message : *messages) hooks_.take(message);
}

void Monitor::reap() {
  int status = 0;
  if (waitpid(child_.pid, &status, WNOHANG) != child_.pid) return;
  if (child_.output) carry_log();
  take_events();
  if (WIFEXITED(status) && WEXITSTATUS(status) == launch::kStartAnew) {
    child_ = Child{};
    next_start_ = SteadyClock::now();
    return;
  }
  const auto lifetime = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - child_.born);
  const bool needs_operator = WIFEXITED(status) && WEXITSTATUS(status) == launch::kNeedsOperator;
  const Milliseconds delay =
      needs_operator ? refusals_.failed_at_once() : restarts_.failed_after(lifetime);
  log_.write({Severity::warn,
              fmt::format("the agent (process {}) {}; starting it again in {:.1f} s", child_.pid,
                          describe_end(status), static_cast<double>(delay.count()) / 1000)},
             getpid());
  troubles_.add(std::chrono::floor<Seconds>(std::chrono::system_clock::now()),
                std::exchange(last_words_, {}));
  child_ = Child{};
  next_start_ = SteadyClock::now() + delay;
}

void Monitor::reap_guard() {
  int status = 0;
  if (waitpid(guard_.pid, &status, WNOHANG) != guard_.pid) return;
  const auto lifetime = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - guard_.born);
  log_.write({Severity::warn, fmt::format("the guard of the agent's monitor (process {}) {}; "
                                          "another one takes its place",
                                          guard_.pid, describe_end(status))},
             getpid());
  guard_ = Child{};
  next_guard_ = SteadyClock::now() + guard_restarts_.failed_after(lifetime);
}

void Monitor::look_for_hangs() {
  if (hangs(child_, family_.pulse, Member::agent)) {
    last_words_ = fmt::format("the agent (process {}) has not moved for a while, so it was killed",
                              child_.pid);
    log_.write({Severity::error, last_words_}, getpid());
    kill(child_.pid, SIGKILL);
    child_.watchdog = Watchdog();
  }
  if (hangs(guard_, family_.pulse, Member::guard)) {
    kill(guard_.pid, SIGKILL);
    guard_.watchdog = Watchdog();
  }
}

// A working agent is not ended because of a file that is half written or wrong.
void Monitor::look_at_files() {
  const std::vector<std::string> changed = places_.watched.changed();
  if (changed.empty()) return;
  for (const std::string& path : changed) {
    const bool is_known = std::find(changed_.begin(), changed_.end(), path) != changed_.end();
    if (!is_known) changed_.push_back(path);
  }
  if (child_.pid < 0 || !trial_.start(family_.try_access)) start_anew();
}

void Monitor::take_verdict() {
  const std::optional<Result<void>> verdict = trial_.verdict();
  if (!verdict) return;
  if (*verdict) return start_anew();
  family_.pulse.tell_of_files(true);
  log_.write(
      {Severity::error,
       fmt::format("{} has changed and cannot be used: {}; the agent goes on with what it has read "
                   "before, and looks again when the file changes",
                   join(std::exchange(changed_, {}), ", "), verdict->error().message())},
      getpid());
}

void Monitor::start_anew() {
  for (const std::string& path : std::exchange(changed_, {})) {
    log_.write(
        {Severity::notice, fmt::format("{} has changed; the agent starts anew with it", path)},
        getpid());
  }
  trial_.stop();
  family_.pulse.tell_of_files(false);
  end_child(child_);
  restarts_.reset();
  refusals_.reset();
  next_start_ = SteadyClock::now();
}

}  // namespace

int run_monitor(const Family& family) {
  return Monitor(family).run();
}

}  // namespace ccm::agent
