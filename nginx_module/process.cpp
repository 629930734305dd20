// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "boundary.h"
#include "config/sentences.h"

namespace ccm::nginx {
namespace {

// The configuration whose agent runs. That agent must end when the next configuration takes over;
// in single process mode the old cycle lives longer than that.
MainConf* active = nullptr;
// What the master keeps from one configuration to the next.
server::Retained retained;

// The first log that is a file or standard error; nullptr when everything goes to syslog.
const ngx_log_t* file_log(const ngx_log_t* log) {
  while (log != nullptr && (log->file == nullptr || log->file->fd == NGX_INVALID_FILE)) {
    log = log->next;
  }
  return log;
}

Severity severity_of(const ngx_log_t* log) {
  // nginx counts levels from 1, keeps 0 for "stderr", and has classes of debug lines above its
  // levels.
  const ngx_uint_t level = std::clamp<ngx_uint_t>(log->log_level, NGX_LOG_EMERG, NGX_LOG_DEBUG);
  return static_cast<Severity>(level - NGX_LOG_EMERG);
}

std::string pid_file_of(const ngx_cycle_t* cycle) {
  const auto* core =
      reinterpret_cast<const ngx_core_conf_t*>(ngx_get_conf(cycle->conf_ctx, ngx_core_module));
  return to_string(core->pid);
}

server::Surroundings surroundings_of(const ngx_cycle_t* cycle) {
  const ngx_log_t* log = file_log(cycle->log);
  return {
      .facts = {.kind = config::ServerKind::nginx,
                .error_log = log == nullptr ? "" : to_string(log->file->name),
                .log_level = severity_of(log == nullptr ? cycle->log : log),
                .launch_id = server::make_launch_id(),
                .place = pid_file_of(cycle)},
      .log_descriptor = log == nullptr ? -1 : log->file->fd,
      .module_path = server::library_of(&ngx_ccm_module),
  };
}

constexpr ngx_msec_t kBetweenLooks = 5000;

// nginx's timers need a connection.
ngx_connection_t no_connection;
ngx_event_t time_to_look;

void look(ngx_event_t* event) noexcept {
  // An old worker shows certificates that nobody publishes any more, and it takes no new
  // connections.
  if (ngx_exiting != 0 || active == nullptr) return;
  at_boundary(
      false, [](const char* what) { active->log.write(Severity::crit, what); },
      [] { return active->deployment.look_for_signs_of_life(SystemClock().steady_now()); });
  ngx_add_timer(event, kBetweenLooks);
}

void look_regularly() {
  time_to_look.handler = look;
  time_to_look.data = &no_connection;
  time_to_look.log = ngx_cycle->log;
  // A worker that was told to end does not wait for this timer.
  time_to_look.cancelable = 1;
  ngx_add_timer(&time_to_look, kBetweenLooks);
}

ngx_event_t time_to_give_sign;

// Also called in an old worker, which may still have clients.
void give_sign(ngx_event_t* event) noexcept {
  constexpr std::chrono::milliseconds kBetween = server::Deployment::kBetweenSigns;
  if (active == nullptr) return;
  active->deployment.give_sign(SystemClock().steady_now());
  ngx_add_timer(event, static_cast<ngx_msec_t>(kBetween.count()));
}

void give_signs() {
  time_to_give_sign.handler = give_sign;
  time_to_give_sign.data = &no_connection;
  time_to_give_sign.log = ngx_cycle->log;
  time_to_give_sign.cancelable = 1;
  give_sign(&time_to_give_sign);
}

}  // namespace

MainConf::~MainConf() {
  if (active == this) active = nullptr;
}

bool judge(const ngx_cycle_t* cycle, MainConf& conf) {
  if (!conf.has_block) {
    const auto& use = conf.binder.first_use();
    if (!use) return true;
    conf.log.write(Severity::emerg,
                   config::at("\"ccm_certificate\" needs a ccm block on the main level, such as "
                              "ccm { credentials ecs; }",
                              *use));
    return false;
  }
  using Host = server::Deployment::Host;
  // A process that only sends a signal to the running server does not judge the host.
  if (ngx_process == NGX_PROCESS_SIGNALLER) return conf.deployment.judge(Host::ignored);
  // A refused reload leaves the working agent as it is. A refused start would leave nobody to show
  // the certificates in the store.
  const bool is_reload = !ngx_is_init_cycle(cycle->old_cycle);
  const bool can_be_refused = ngx_test_config != 0 || is_reload;
  return conf.deployment.judge(can_be_refused ? Host::tested : Host::examined,
                               server::library_of(&ngx_ccm_module));
}

void bring_to_life(const ngx_cycle_t* cycle, MainConf& conf) {
  if (ngx_test_config) return;
  if (active != nullptr) active->deployment.stop();
  active = &conf;
  if (conf.deployment.config() != nullptr) {
    conf.deployment.start(surroundings_of(cycle), retained);
  }
}

void enter_process(MainConf& conf) {
  if (ngx_process != NGX_PROCESS_SINGLE) conf.deployment.enter_worker(retained);
  conf.deployment.protect_worker();
  const bool serves = ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE;
  if (serves) {
    conf.deployment.begin_to_count();
    give_signs();
  }
  const bool is_first_worker = ngx_process == NGX_PROCESS_WORKER && ngx_worker == 0;
  if (is_first_worker || ngx_process == NGX_PROCESS_SINGLE) look_regularly();
}

server::LiveProofs* live_proofs() noexcept {
  return active == nullptr ? nullptr : &active->deployment.proofs();
}

void leave() {
  if (active != nullptr) active->deployment.stop();
}

}  // namespace ccm::nginx
