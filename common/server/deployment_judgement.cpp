// SPDX-License-Identifier: Apache-2.0
// Deployment, while the configuration is judged.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "config/checks/host_checks.h"
#include "config/sentences.h"
#include "launch/launch.h"
#include "server/deployment.h"
#include "server/start/site_doubts.h"

namespace ccm::server {
namespace {

bool report_all(const std::vector<config::HostFinding>& findings, Log& log) {
  bool is_good = true;
  for (const config::HostFinding& finding : findings) {
    log.write(finding.fatal ? Severity::emerg : Severity::warn, finding.sentence);
    is_good = is_good && !finding.fatal;
  }
  return is_good;
}

}  // namespace

// The other directives may stand before ours, so they are judged when all were read.
bool Deployment::judge_tickets() {
  if (config_->global().ticket_keys == config::TicketKeys::own) return true;
  const std::string ours = fmt::format("{} fleet", settings_.dialect().spell("ticket_keys"));
  std::set<std::string> mentioned;
  for (const TicketNote& note : ticket_notes_) {
    if (note.what == OwnTickets::keys) {
      log_.write(Severity::emerg,
                 config::at(fmt::format("\"{}\" and \"{}\" exclude each other, because both say "
                                        "with which keys session tickets are sealed; remove one of "
                                        "them",
                                        note.directive, ours),
                            note.origin));
      return false;
    }
    if (!mentioned.insert(note.directive).second) continue;
    log_.write(Severity::warn,
               config::at(fmt::format("\"{}\" has no effect here, because \"{}\" forbids session "
                                      "tickets",
                                      ours, note.directive),
                          note.origin));
  }
  return true;
}

// The agent reports what is wrong with its work. If the agent itself is missing, this function
// reports it.
bool Deployment::ask_agent(const std::string& module_path) {
  if (!config_->has_work()) return true;
  auto program = launch::find_agent(config_->global().agent_path, module_path);
  if (!program) {
    log_.warn("no certificate would be obtained or renewed: {}", program.error().message());
    return true;
  }
  const config::Handover handover{.server = {}, .settings = settings_, .agent = {}};
  auto findings = launch::inquire(*program, handover);
  if (findings) return report_all(*findings, log_);
  log_.warn("what the agent needs on this host was not checked: {}", findings.error().message());
  return true;
}

bool Deployment::judge(Host host, const std::string& module_path) {
  if (host != Host::ignored) {
    for (const auto& [severity, sentence] : std::exchange(doubts_, {})) {
      log_.write(severity, sentence);
    }
  }
  auto config = settings_.finalize();
  if (!config) {
    log_.write(Severity::emerg, config.error().message());
    return false;
  }
  config_.emplace(*std::move(config));
  if (!config_->global().status_listen.empty()) {
    log_.write(Severity::emerg,
               fmt::format("\"{}\" is for the file of `ccmctl agent`; this server shows the status "
                           "where {} stands",
                           settings_.dialect().spell("status_listen"),
                           settings_.dialect().status_directive));
    return false;
  }
  if (host == Host::ignored) return true;
  for (const std::string& sentence : settings_.warnings()) {
    log_.write(Severity::warn, sentence);
  }
  for (const Site& site : sites_) {
    for (const std::string& sentence :
         doubts_about({*site.set, site.origin}, *config_, settings_.dialect())) {
      log_.warn("{}", sentence);
    }
  }
  if (!judge_tickets() || !report_all(config::check_host(*config_), log_)) return false;
  return host == Host::examined || ask_agent(module_path);
}

}  // namespace ccm::server
