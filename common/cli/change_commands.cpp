#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/local_engine.h"
#include "cli/overview.h"
#include "cli/render.h"
#include "cli/store_access.h"
#include "cli/waiting.h"
#include "lifecycle/request.h"

namespace ccm::cli {
namespace {

using lifecycle::VersionNumber;
using lifecycle::Wish;

struct Before {
  VersionNumber version;
  std::uint64_t state_version;
};

// What became of a renewal, from what the store says now.
Result<ExitCode> report(const Workspace& workspace, StoreAccess& access, const std::string& name,
                        const Before& before) {
  const Change change{
      .name = name, .version = access.store().current_version(name), .before = before.version};
  if (change.version != before.version) {
    return print_change(workspace, change,
                        fmt::format("{}: version {} is installed", name, change.version));
  }
  const auto [state, version] = read_state(access.path(), name);
  const auto* failing = std::get_if<lifecycle::Failing>(&state);
  const auto* rejected = std::get_if<lifecycle::Rejected>(&state);
  if (failing != nullptr) {
    // What is malformed here is not the command line.
    const ErrorKind kind = failing->error.kind();
    return fail(Error(failing->error)
                    .with_kind(kind == ErrorKind::invalid ? ErrorKind::internal : kind)
                    .with_context(name));
  }
  if (rejected != nullptr) return fail(Error(rejected->error).with_context(name));
  return print_change(
      workspace, change,
      fmt::format("{}: the cloud has nothing newer than version {}", name, change.version));
}

Result<ExitCode> ask_the_agent(Workspace& workspace, StoreAccess& access, const std::string& name,
                               const Before& before, int timeout) {
  auto left = lifecycle::leave_request(access.path(), {.wish = Wish::renew, .name = name});
  if (!left) return pass(std::move(left));
  if (timeout == 0) {
    Terminal::say(fmt::format("{}: asked for", name));
    return ExitCode::pending;
  }
  const bool is_done = wait_until(workspace.clock(), timeout, waiting_for(name), [&] {
    return !lifecycle::is_waiting(access.path(), name) &&
           read_state(access.path(), name).second != before.state_version;
  });
  if (is_done) return report(workspace, access, name, before);
  return fail(
      ErrorKind::pending,
      fmt::format("{}: the agent has been asked and is not done after {} s; `ccmctl status` "
                  "shows how it goes on, the server's error log says more",
                  name, timeout));
}

VersionNumber installed_version(const Overview& overview) {
  return overview.installed ? overview.installed->info.number : 0;
}

Result<ExitCode> renew(Workspace& workspace, const std::string& name, int timeout) {
  auto overview = look_at(workspace, name);
  if (!overview) return pass(std::move(overview));
  if (!*overview) return ExitCode::not_found;
  if ((*overview)->spec == nullptr) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: no server on this host has it in its configuration", name));
  }
  if (workspace.options.dry_run) {
    return print_dry_run(workspace, fmt::format("{}: a successor of version {} would be obtained "
                                                "from {}",
                                                name, installed_version(**overview),
                                                source_of(**overview)));
  }
  const auto settings = workspace.settings();
  const auto owner = std::find_if((*settings)->begin(), (*settings)->end(), [&](const auto& each) {
    return each.config.find(name) != nullptr;
  });
  // Read while we are still who started us; needed only when there is no agent.
  auto cloud = workspace.cloud();
  auto access = StoreAccess::enter(workspace.options.state_directory);
  if (!access) return pass(std::move(access));
  const Before before{access->store().current_version(name), (*overview)->state_version};
  if (access->lease() == nullptr) {
    return ask_the_agent(workspace, *access, name, before, timeout);
  }
  if (!cloud) return pass(std::move(cloud));
  renew_here(**cloud, *access, owner->config, name, workspace.clock());
  return report(workspace, *access, name, before);
}

// The newest version before the current one.
VersionNumber previous_version(const std::vector<lifecycle::VersionInfo>& history,
                               VersionNumber current) {
  VersionNumber found = 0;
  for (const auto& info : history) {
    if (info.number < current) found = std::max(found, info.number);
  }
  return found;
}

Result<void> go_back(Workspace& workspace, StoreAccess& access, const std::string& name,
                     VersionNumber version) {
  if (access.lease() != nullptr) {
    return lifecycle::roll_back(access.store(), *access.lease(), name, version);
  }
  auto left = lifecycle::leave_request(access.path(),
                                       {.wish = Wish::roll_back, .name = name, .version = version});
  if (!left) return left;
  constexpr int kPatience = 60;
  if (!wait_until(workspace.clock(), kPatience, waiting_for(name),
                  [&] { return !lifecycle::is_waiting(access.path(), name); })) {
    return fail(ErrorKind::pending,
                fmt::format("{}: the agent has been asked and has not answered", name));
  }
  // The file goes before the work is done.
  const bool is_done = wait_until(workspace.clock(), kPatience, waiting_for(name),
                                  [&] { return access.store().current_version(name) == version; });
  if (is_done) return {};
  return fail(
      ErrorKind::internal,
      fmt::format("{}: the agent did not restore version {}; the server's error log says why", name,
                  version));
}

Result<ExitCode> roll_back(Workspace& workspace, const std::string& name, VersionNumber wanted) {
  auto overview = look_at(workspace, name);
  if (!overview) return pass(std::move(overview));
  if (!*overview) return ExitCode::not_found;
  const lifecycle::StoreReader reader(workspace.options.state_directory);
  const auto history = reader.history(name);
  if (!history) return fail(history.error());
  const VersionNumber current = reader.current_version(name);
  const VersionNumber version = wanted == 0 ? previous_version(*history, current) : wanted;
  const bool is_there = std::any_of(history->begin(), history->end(),
                                    [&](const auto& info) { return info.number == version; });
  if (!is_there) {
    Terminal::say(version == 0
                      ? fmt::format("ccmctl: {} has no version before the current one", name)
                      : fmt::format("ccmctl: {} has no version {}; `ccmctl history {}` shows all",
                                    name, version, name));
    return ExitCode::not_found;
  }
  if (workspace.options.dry_run) {
    return print_dry_run(
        workspace, fmt::format("{}: version {} would become current (is {}) and be held", name,
                               version, current));
  }
  auto access = StoreAccess::enter(workspace.options.state_directory);
  if (!access) return pass(std::move(access));
  if (auto done = go_back(workspace, *access, name, version); !done) return pass(std::move(done));
  return print_change(
      workspace, {.name = name, .version = version, .before = current},
      fmt::format("{}: version {} is current (was {}) and stays until its last tenth, or "
                  "until `ccmctl renew {}`",
                  name, version, current, name));
}

struct ChangeOptions {
  std::string name;
  VersionNumber version = 0;
  int timeout = 120;
};

}  // namespace

void add_change_commands(CLI::App& app, Action& action) {
  auto options = std::make_shared<ChangeOptions>();
  auto* renewal = app.add_subcommand(
      "renew", "Renews a certificate now; running servers have it at once, without a reload");
  renewal->add_option("NAME", options->name, "the certificate")->required();
  renewal
      ->add_option("--timeout", options->timeout, "seconds to wait for the agent; 0: do not wait")
      ->capture_default_str()
      ->check(CLI::Range(0, 86400));
  renewal->footer("Example:\n  ccmctl renew www");
  renewal->callback([=, &action] {
    action = [=](Workspace& workspace) {
      return renew(workspace, options->name, options->timeout);
    };
  });
  auto* back = app.add_subcommand(
      "rollback", "Goes back to an older version, which is then left alone by the engine");
  back->add_option("NAME", options->name, "the certificate")->required();
  back->add_option("--to", options->version, "this version instead of the one before");
  back->footer("Examples:\n  ccmctl rollback www\n  ccmctl rollback www --to 3");
  back->callback([=, &action] {
    action = [=](Workspace& workspace) {
      return roll_back(workspace, options->name, options->version);
    };
  });
}

}  // namespace ccm::cli
