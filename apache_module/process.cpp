// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string_view>
#include <type_traits>
#include <utility>

#include "boundary.h"
#include "config_tree.h"
#include "heartbeat.h"
#include "server_binding.h"

namespace ccm::apache {
namespace {

using Host = server::Deployment::Host;
using server::AgentWatch;

// The configuration whose agent runs; nullptr between two of them.
MainConf* active = nullptr;
// The parent's, from one configuration to the next; set when the first one comes to life.
server::Retained* retained = nullptr;
// The child that is being forked is the agent, which needs descriptors that no other child may
// have.
bool is_launching = false;

class Launching {
 public:
  Launching() noexcept { is_launching = true; }
  Launching(const Launching&) = delete;
  Launching& operator=(const Launching&) = delete;
  ~Launching() { is_launching = false; }
};

bool is_first_pass() {
  return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
}

bool is_stopping() {
  int state = AP_MPMQ_STOPPING;
  return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

void close_in_child() noexcept {
  if (is_launching || retained == nullptr) return;
  if (active != nullptr) {
    active->deployment.enter_worker(*retained);
  } else {
    const FileDescriptor unused(std::exchange(retained->segment, -1));
    const FileDescriptor uncounted(std::exchange(retained->canary_board, -1));
    const FileDescriptor unheard(std::exchange(retained->worker_beats, -1));
  }
}

// The name changes whenever the type changes, because a later version of this module may read the
// data.
server::Retained& retained_data() {
  static_assert(std::is_trivially_copyable_v<server::Retained>);
  constexpr char kRetainedKey[] = "ccm_module retained 5";
  if (auto* kept = static_cast<server::Retained*>(ap_retained_data_get(kRetainedKey))) return *kept;
  return *::new (ap_retained_data_create(kRetainedKey, sizeof(server::Retained)))
      server::Retained();
}

void prepare_parent() {
  if (retained != nullptr) return;
  retained = &retained_data();
  pthread_atfork(nullptr, nullptr, close_in_child);
}

// Empty when the log is no file.
std::string error_log_of(const server_rec* server) {
  const std::string_view name = server->error_fname;
  if (name.starts_with('|') || name == "syslog" || name.starts_with("syslog:")) return "";
  const char* path = ap_server_root_relative(server->process->pconf, server->error_fname);
  return path == nullptr ? "" : path;
}

std::string pid_file_of(const server_rec* server) {
  if (ap_pid_fname == nullptr) return "";
  const char* path = ap_server_root_relative(server->process->pconf, ap_pid_fname);
  return path == nullptr ? "" : path;
}

Severity severity_of(const server_rec* server) {
  const int level = ap_get_server_module_loglevel(server, ccm_module.module_index);
  // httpd has finer levels beyond debug.
  return static_cast<Severity>(std::clamp(level, APLOG_EMERG, APLOG_DEBUG));
}

server::Surroundings surroundings_of(const server_rec* main_server) {
  return {
      .facts = {.kind = config::ServerKind::apache,
                .error_log = error_log_of(main_server),
                .log_level = severity_of(main_server),
                .launch_id = server::make_launch_id(),
                .place = pid_file_of(main_server)},
      // httpd has put its error log there.
      .log_descriptor = STDERR_FILENO,
      .module_path = server::library_of(&ccm_module),
  };
}

// Logs what is wrong with the host, and all warnings.
bool examine(MainConf& conf, Host host) {
  if (conf.deployment.settings().empty()) return true;
  return conf.deployment.judge(host, server::library_of(&ccm_module));
}

void on_monitor_event(int reason, void* data, int status) noexcept;

// Does nothing when httpd does not watch the monitor, because APR crashes on an unknown process.
void forget_monitor(MainConf& conf) {
  if (std::exchange(conf.is_monitor_watched, false)) apr_proc_other_child_unregister(&conf);
}

void look_after_monitor(MainConf& conf) {
  const auto now = std::chrono::steady_clock::now();
  conf.monitor.pid = conf.deployment.monitor();
  if (conf.monitor.pid < 0) {
    conf.watch.ended(now);
    return;
  }
  conf.watch.started(now);
  // Registered for as long as the configuration lasts: httpd must not call a module whose code is
  // gone.
  apr_proc_other_child_register(&conf.monitor, on_monitor_event, &conf, nullptr,
                                ap_server_conf->process->pconf);
  conf.is_monitor_watched = true;
}

void start_again(MainConf& conf) {
  const Launching launching;
  conf.deployment.restart_agent(conf.surroundings, *retained);
  look_after_monitor(conf);
}

// Called when the monitor, its guard and the agent have died or hang.
void replace_agent(MainConf& conf, AgentWatch::Finding finding) {
  const auto now = std::chrono::steady_clock::now();
  conf.deployment.stop();
  conf.log.warn("{}", conf.watch.lost(finding, conf.monitor.pid, now));
  if (conf.watch.is_due(now)) start_again(conf);
}

void on_monitor_event(int reason, void* data, int) noexcept {
  if (reason != APR_OC_REASON_DEATH) return;
  hook_boundary(0, [&] {
    auto& conf = *static_cast<MainConf*>(data);
    forget_monitor(conf);
    // Usually the guard becomes the monitor (agent/monitor/guard.h), and monitor() watches that
    // one.
    if (!is_stopping() && !conf.deployment.is_attended()) {
      replace_agent(conf, AgentWatch::Finding::dead);
    }
    return 0;
  });
}

void look_after_agent(MainConf& conf) {
  const auto now = std::chrono::steady_clock::now();
  const auto finding = conf.watch.look({.has_monitor = conf.deployment.monitor() > 0,
                                        .is_attended = conf.deployment.is_attended(),
                                        .is_silent = conf.deployment.look_for_signs_of_life(now)},
                                       now);
  if (finding == AgentWatch::Finding::nothing) return;
  if (finding == AgentWatch::Finding::due) return start_again(conf);
  // The monitor that httpd watches may have died earlier, and its guard since then.
  forget_monitor(conf);
  replace_agent(conf, finding);
}

// Waits for the end of a monitor whose lifeline has closed: usually some milliseconds. If nobody
// waits, httpd reports "a long lost child".
void reap(pid_t monitor) noexcept {
  constexpr int kPatience = 1000;
  constexpr apr_interval_time_t kPause = 5000;  // microseconds
  for (int i = 0; i < kPatience; ++i) {
    if (waitpid(monitor, nullptr, WNOHANG) != 0) return;
    apr_sleep(kPause);
  }
  kill(monitor, SIGKILL);
  waitpid(monitor, nullptr, 0);
}

void bring_to_life(MainConf& conf, const server_rec* main_server) {
  prepare_parent();
  conf.surroundings = surroundings_of(main_server);
  active = &conf;
  {
    const Launching launching;
    conf.deployment.start(conf.surroundings, *retained);
  }
  conf.placeholder.reset();
  if (retained->segment >= 0) look_after_monitor(conf);
}

}  // namespace

int check_config(apr_pool_t*, apr_pool_t*, apr_pool_t* ptemp, server_rec* main_server) noexcept {
  return hook_boundary(HTTP_INTERNAL_SERVER_ERROR, [&] {
    MainConf& conf = main_conf_of(main_server);
    auto bound = bind(conf, main_server, ConfigTree(ap_conftree, main_server, ptemp));
    if (!bound) {
      conf.log.write(Severity::emerg, bound.error().message());
      return HTTP_INTERNAL_SERVER_ERROR;
    }
    bool is_good = conf.deployment.judge(Host::ignored);
    const bool is_test = ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST;
    if (is_good && is_test) is_good = examine(conf, Host::tested);
    return is_good ? OK : HTTP_INTERNAL_SERVER_ERROR;
  });
}

int open_logs(apr_pool_t*, apr_pool_t*, apr_pool_t*, server_rec* main_server) noexcept {
  return hook_boundary(HTTP_INTERNAL_SERVER_ERROR, [&] {
    if (!is_first_pass()) return OK;
    MainConf& conf = main_conf_of(main_server);
    // The second pass logs everything else.
    conf.log.limit_to(Severity::error);
    return examine(conf, Host::examined) ? OK : HTTP_INTERNAL_SERVER_ERROR;
  });
}

int post_config(apr_pool_t*, apr_pool_t*, apr_pool_t*, server_rec* main_server) noexcept {
  return hook_boundary(OK, [&] {
    if (is_first_pass()) return OK;
    MainConf& conf = main_conf_of(main_server);
    examine(conf, Host::examined);
    bring_to_life(conf, main_server);
    return OK;
  });
}

void enter_child(apr_pool_t* child, server_rec*) noexcept {
  if (active == nullptr) return;
  active->deployment.protect_worker();
  active->deployment.begin_to_count();
  give_signs(child, active->deployment, active->log);
}

int monitor(apr_pool_t*, server_rec*) noexcept {
  return hook_boundary(OK, [&] {
    if (active != nullptr && !is_stopping()) look_after_agent(*active);
    return OK;
  });
}

server::LiveProofs* live_proofs() noexcept {
  return active == nullptr ? nullptr : &active->deployment.proofs();
}

void end(MainConf& conf) noexcept {
  if (active == &conf) active = nullptr;
  const pid_t monitor = conf.deployment.monitor();
  conf.deployment.stop();
  if (monitor > 0) reap(monitor);
}

}  // namespace ccm::apache
