// SPDX-License-Identifier: Apache-2.0
// Directives of other modules that matter to "ccm_certificate": those that claim the same thing as
// it, and those that have no effect on its certificates (server/start/site_binder.h says what
// follows).
//
// nginx tells no module what was written for another one, and the records of modules such as lua's
// look different in each version. So this module takes such a directive itself, notes it, and hands
// it on to the module that it was written for. It stands before those modules in nginx's list
// (module.cpp), so it is asked first; a directive that no loaded module has stays unknown.
#pragma once

#include <span>
#include <vector>

#include "ngx_api.h"
#include "server/start/site_binder.h"

namespace ccm::nginx {

// The handler of such a directive, for a server or the level around it. The module that owns the
// notes calls it. `self` is the module that took the directive.
char* take_other(ngx_conf_t* cf, const ngx_module_t& self,
                 std::vector<server::OtherDirective>& notes);

// Fills the table behind its first `own` commands with those that some loaded module of that type
// has; the rest becomes empty. To be called before the level's block is read. The table must
// outlive the process's last configuration.
void watch_others(const ngx_conf_t* cf, ngx_uint_t module_type, std::span<ngx_command_t> table,
                  std::size_t own, char* (*handler)(ngx_conf_t*, ngx_command_t*, void*));
// How many entries a table needs behind its own, with the empty one at the end.
inline constexpr std::size_t kMostOthers = 14;

}  // namespace ccm::nginx
