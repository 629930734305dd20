// SPDX-License-Identifier: Apache-2.0
// nginx's entry points: the core module, and a module for directives in the wrong place.
#include "boundary.h"
#include "directives.h"
#include "main_conf.h"
#include "process.h"

namespace ccm::nginx {
namespace {

template <typename Body>
bool cycle_boundary(const ngx_cycle_t* cycle, Body&& body) noexcept {
  return at_boundary(
      false, [cycle](const char* what) { NginxLog(cycle).write(Severity::emerg, what); },
      std::forward<Body>(body));
}

void* create_conf(ngx_cycle_t* cycle) noexcept {
  const bool has_commands = cycle_boundary(cycle, [] {
    ngx_ccm_module.commands = commands();
    return true;
  });
  return has_commands ? create_in<MainConf>(cycle->pool, cycle) : nullptr;
}

char* init_conf(ngx_cycle_t* cycle, void* conf) noexcept {
  const bool is_good =
      cycle_boundary(cycle, [&] { return judge(cycle, *static_cast<MainConf*>(conf)); });
  return is_good ? kConfOk : kConfError;
}

ngx_int_t init_module(ngx_cycle_t* cycle) noexcept {
  cycle_boundary(cycle, [&] {
    bring_to_life(cycle, main_conf_of(cycle));
    return true;
  });
  return NGX_OK;
}

ngx_int_t init_process(ngx_cycle_t* cycle) noexcept {
  enter_process(main_conf_of(cycle));
  return NGX_OK;
}

void exit_master(ngx_cycle_t*) noexcept {
  leave();
}

ngx_core_module_t core_context = {ngx_string("ccm"), create_conf, init_conf};

char* on_misplaced(ngx_conf_t* cf, ngx_command_t*, void*) noexcept {
  return report(
      cf,
      "\"ccm_certificate\" is not for this place; it belongs in http, in stream or in one "
      "of their servers (for mail, have \"ccmctl export\" write files)");
}

// nginx looks into modules of this type for every directive, and into this one last.
ngx_command_t misplaced[] = {
    {ngx_string("ccm_certificate"), NGX_ANY_CONF | NGX_CONF_ANY, on_misplaced, 0, 0, nullptr},
    ngx_null_command,
};

}  // namespace
}  // namespace ccm::nginx

ngx_module_t ngx_ccm_module = {
    NGX_MODULE_V1,
    &ccm::nginx::core_context,
    nullptr,  // commands; set before nginx looks
    NGX_CORE_MODULE,
    nullptr,  // init_master
    ccm::nginx::init_module,
    ccm::nginx::init_process,
    nullptr,  // init_thread
    nullptr,  // exit_thread
    nullptr,  // exit_process
    ccm::nginx::exit_master,
    NGX_MODULE_V1_PADDING,
};

// For "ccm_certificate" where it has no meaning.
ngx_module_t ngx_ccm_misplaced_module = {
    NGX_MODULE_V1,
    nullptr,  // context
    ccm::nginx::misplaced,
    NGX_CONF_MODULE,
    nullptr,  // init_master
    nullptr,  // init_module
    nullptr,  // init_process
    nullptr,  // init_thread
    nullptr,  // exit_thread
    nullptr,  // exit_process
    nullptr,  // exit_master
    NGX_MODULE_V1_PADDING,
};
