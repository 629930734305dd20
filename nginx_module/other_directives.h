// SPDX-License-Identifier: Apache-2.0
// Directives of other modules that matter to "ccm_certificate": those that claim the same thing as
// it, and those that have no effect on its certificates.
//
// nginx tells no module what was written for another one, and the records of modules such as lua's
// look different in each version. So this module takes such a directive itself, notes it, and hands
// it on to the module that it was written for. It stands before those modules in nginx's list
// (module.cpp), so it is asked first; a directive that no loaded module has stays unknown.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "ngx_api.h"

namespace ccm::nginx {

// One that was written.
struct OtherDirective {
  std::string name;
  std::vector<std::string> arguments;
  config::Origin origin;
};

// The handler of such a directive, for a server or the level around it: the notes' owner calls it.
// `self` is the module that took it.
char* take_other(ngx_conf_t* cf, const ngx_module_t& self, std::vector<OtherDirective>& notes);

// Puts those that some loaded module of that type has behind what `table` begins with, `own`
// commands; the rest of the table becomes empty. Before the level's block is read; the table must
// outlive the process's last configuration.
void watch_others(const ngx_conf_t* cf, ngx_uint_t module_type, std::span<ngx_command_t> table,
                  std::size_t own, char* (*handler)(ngx_conf_t*, ngx_command_t*, void*));
// How many entries a table needs behind its own, the empty one that ends it included.
inline constexpr std::size_t kMostOthers = 12;

// What those in force at a server mean for its "ccm_certificate". Which level's note is in force
// follows nginx's rule: one of the server's own hides those around it.
struct Verdict {
  // The directive that excludes "ccm_certificate", and the sentence; empty: there is none.
  std::string conflict;
  config::Origin conflict_origin;
  // Those that have no effect here.
  std::vector<OtherDirective> idle;
};
Verdict judge_others(const std::vector<OtherDirective>& outer,
                     const std::vector<OtherDirective>& own);
// Why such a directive has no effect, and what has.
std::string sentence_about_idle(const OtherDirective& idle);

}  // namespace ccm::nginx
