// SPDX-License-Identifier: Apache-2.0
#include "cli/host/served.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/host/agents.h"
#include "cli/host/waiting.h"

namespace ccm::cli {
namespace {

constexpr int kServedPatience = 10;  // seconds
// An agent that died a moment ago will be started again soon; the first time after half a second.
constexpr Seconds kRestart{3};

struct Server {
  EffectiveSettings settings;
  std::string title;

  AgentCondition condition() const { return condition_of(settings.seen); }
};

std::vector<Server> running_servers(const std::vector<EffectiveSettings>& all,
                                    const std::string& name) {
  std::vector<Server> servers;
  for (const EffectiveSettings& each : all) {
    if (each.server.kind == config::ServerKind::none || each.config.find(name) == nullptr) continue;
    servers.push_back({each, title_of(each, all)});
  }
  return servers;
}

class Report {
 public:
  Report(Workspace& workspace, std::string state_path, const Change& change)
      : clock_(workspace.clock()),
        state_path_(std::move(state_path)),
        change_(change),
        servers_(change.version == 0 ? std::vector<Server>()
                                     : running_servers(**workspace.settings(), change.name)) {
    look();
    std::erase_if(servers_, [](const Server& server) {
      return server.condition() == AgentCondition::stopped;
    });
  }

  bool is_served() const { return std::all_of(servers_.begin(), servers_.end(), serves_it()); }
  void wait() {
    const SteadyTime begin = clock_.steady_now();
    wait_until(clock_, kServedPatience, fmt::format("{}: waiting until it is served", change_.name),
               [&] {
                 look();
                 return std::all_of(servers_.begin(), servers_.end(), [&](const Server& server) {
                   return serves_it()(server) || (server.condition() != AgentCondition::works &&
                                                  clock_.steady_now() - begin >= kRestart);
                 });
               });
  }
  // "; nginx and apache serve it".
  std::string praise() const {
    std::vector<std::string> titles;
    for (const Server& server : servers_) titles.push_back(server.title);
    if (titles.empty() || !is_served()) return {};
    return fmt::format("; {} {} it", join(titles, " and "),
                       titles.size() == 1 ? "serves" : "serve");
  }
  std::vector<std::string> complaints() const {
    std::vector<std::string> all;
    for (const Server& server : servers_) {
      if (!serves_it()(server)) all.push_back(complaint(server));
    }
    return all;
  }
  std::vector<cloud::JsonObject> objects() const {
    std::vector<cloud::JsonObject> all;
    for (const Server& server : servers_) {
      const auto served = server.settings.seen.serves(change_.name);
      all.emplace_back();
      all.back()
          .set("server", server.title)
          .set("agent", word_of(server.condition()))
          .set_number("version", static_cast<std::int64_t>(served.value_or(0)))
          .set_flag("is_served", serves_it()(server));
    }
    return all;
  }

 private:
  std::function<bool(const Server&)> serves_it() const {
    return [this](const Server& server) {
      return server.settings.seen.serves(change_.name) == change_.version;
    };
  }
  void look() {
    for (Server& server : servers_) {
      server.settings.seen =
          store::look_at_agent(state_path_, server.settings.server, clock_.steady_now());
    }
  }
  std::string complaint(const Server& server) const {
    const auto served = server.settings.seen.serves(change_.name);
    const std::string shown =
        served ? fmt::format("goes on serving version {}", *served) : std::string("serves none");
    if (server.condition() == AgentCondition::works) {
      return fmt::format(
          "{}: version {} is stored, but {} {} after {} s; the server's error log says why",
          change_.name, change_.version, server.title, shown, kServedPatience);
    }
    return fmt::format("{}: version {} is stored, but {} {}: {}; {}", change_.name, change_.version,
                       server.title, shown, describe(server.settings.seen),
                       remedy_of(server.settings));
  }

  const Clock& clock_;
  std::string state_path_;
  Change change_;
  std::vector<Server> servers_;
};

}  // namespace

Result<ExitCode> report_change(Workspace& workspace, const std::string& state_path,
                               const Change& change, std::string_view sentence) {
  if (const auto settings = workspace.settings(); !settings) return fail(settings.error());
  Report report(workspace, state_path, change);
  report.wait();
  const std::vector<std::string> complaints = report.complaints();
  auto printed = print_change(workspace, change, fmt::format("{}{}", sentence, report.praise()),
                              report.objects());
  if (!printed) return printed;
  for (const std::string& complaint : complaints) Terminal::say("ccmctl: " + complaint);
  return complaints.empty() ? ExitCode::ok : ExitCode::not_served;
}

}  // namespace ccm::cli
