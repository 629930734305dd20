// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/commands/host/renewal.h"
#include "cli/host/asking.h"
#include "cli/host/local_engine.h"
#include "cli/host/overview.h"
#include "cli/host/served.h"
#include "cli/host/state_directory.h"
#include "cli/host/store_access.h"
#include "cli/input/value_checks.h"
#include "lifecycle/attempt/installer.h"
#include "store/stored_search.h"

namespace ccm::cli {
namespace {

using store::Request;
using store::VersionNumber;
using store::Wish;

// Reports the result of a renewal.
Result<ExitCode> report(Workspace& workspace, const std::string& name, VersionNumber before,
                        const store::Answer& answer) {
  if (answer.error) {
    // `invalid` here is about data, not about the command line.
    const ErrorKind kind = answer.error->kind();
    Error error = *answer.error;
    if (answer.again_at) {
      error = Error(kind, fmt::format("{}; the renewal stays asked for, the next try is at {}",
                                      error.message(), format_time(*answer.again_at)))
                  .with_code(error.code(), error.request_id());
    }
    return fail(std::move(error)
                    .with_kind(kind == ErrorKind::invalid ? ErrorKind::internal : kind)
                    .with_context(name));
  }
  const Change change{.name = name, .version = answer.version, .before = before};
  // renew() has made the state directory the current one.
  return report_change(
      workspace, ".", change,
      answer.has_changed
          ? fmt::format("{}: version {} is installed", name, change.version)
          : fmt::format("{}: the cloud has nothing newer than version {}", name, change.version));
}

Result<ExitCode> ask_the_agent(Workspace& workspace, StoreAccess& access, const std::string& name,
                               VersionNumber before, int timeout) {
  const Request request{.wish = Wish::renew, .name = name};
  if (timeout == 0) {
    auto left = access.store().inbox().leave(request);
    if (!left) return pass(std::move(left));
    Terminal::say(fmt::format("{}: asked for", name));
    return ExitCode::pending;
  }
  const auto asked = ask_leader(workspace, access, request, timeout);
  if (!asked) return fail(asked.error());
  if (asked->answer) return report(workspace, name, before, *asked->answer);
  if (access.store().inbox().is_waiting({asked->id, name})) {
    return fail(ErrorKind::pending,
                fmt::format("{}: no agent has taken up the request after {} s; it stays until one "
                            "does, in a fleet for an hour",
                            name, timeout));
  }
  return fail(
      ErrorKind::pending,
      fmt::format("{}: the agent has been asked and is not done after {} s; `ccmctl status` "
                  "shows how it goes on, the server's error log says more",
                  name, timeout));
}

VersionNumber installed_version(const Overview& overview) {
  return overview.installed ? overview.installed->info.number : 0;
}

}  // namespace

Result<ExitCode> renew_one(Workspace& workspace, const std::string& name, int timeout) {
  auto overview = look_at(workspace, name);
  if (!overview) return pass(std::move(overview));
  if (!*overview) return ExitCode::not_found;
  if ((*overview)->spec == nullptr) {
    const auto unreadable = describe_unreadable_settings(workspace);
    return fail(ErrorKind::invalid,
                unreadable.empty()
                    ? fmt::format("{}: no server on this host has it in its configuration", name)
                    : fmt::format("{}: {}", name, unreadable.front()));
  }
  if (workspace.options.dry_run) {
    return print_dry_run(workspace,
                         fmt::format("{}: a successor of version {} would be obtained "
                                     "from {}",
                                     name, installed_version(**overview), source_of(**overview)));
  }
  const auto settings = workspace.settings();
  const auto owner = std::find_if((*settings)->begin(), (*settings)->end(), [&](const auto& each) {
    return each.config.find(name) != nullptr;
  });
  // Read before this process changes to the store's owner. Only needed when there is no agent.
  auto cloud = workspace.cloud();
  auto access = StoreAccess::enter(workspace);
  if (!access) return pass(std::move(access));
  const VersionNumber before = access->store().current_version(name);
  if (access->lease() == nullptr) {
    return ask_the_agent(workspace, *access, name, before, timeout);
  }
  if (!cloud) return pass(std::move(cloud));
  return report(workspace, name, before,
                renew_here(**cloud, *access, owner->config, name, workspace.clock()));
}

namespace {

struct RenewalOptions {
  std::string name;
  bool is_all = false;
  bool is_failing = false;
  std::string issuer;
  int timeout = 120;

  std::size_t choices() const {
    return std::size_t{name.empty() ? 0U : 1U} + std::size_t{is_all ? 1U : 0U} +
           std::size_t{is_failing ? 1U : 0U} + std::size_t{issuer.empty() ? 0U : 1U};
  }
};

// Whether it comes from the issuer with this id ("pca:ID"), or is the certificate with this id
// ("scm:ID").
bool is_from(const Overview& overview, const std::string& issuer) {
  const std::string& label = overview.spec->source.facts().label;
  const auto colon = label.find(':');
  return colon != std::string::npos && label.substr(colon + 1) == issuer;
}

// The certificates that the options choose, the most urgent first.
Result<std::vector<std::string>> names_to_renew(Workspace& workspace,
                                                const RenewalOptions& options) {
  auto all = look_at_all(workspace);
  if (!all) return pass(std::move(all));
  const Time now = workspace.clock().now();
  sort_by_need(*all, now);
  std::vector<std::string> names;
  for (const Overview& overview : *all) {
    if (overview.spec == nullptr || overview.is_left) continue;
    if (options.is_failing && !is_trouble(overview, now)) continue;
    if (!options.issuer.empty() && !is_from(overview, options.issuer)) continue;
    names.push_back(overview.name);
  }
  return names;
}

// Renews them one after the other, because of the cloud's limits and the load on the agent.
// Continues after a failure; the first failure decides the exit status.
Result<ExitCode> renew_many(Workspace& workspace, const RenewalOptions& options) {
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  const auto names = names_to_renew(workspace, options);
  if (!names) return fail(names.error());
  if (names->empty()) {
    Terminal::say("ccmctl: none of this host's certificates is of that kind");
    return options.issuer.empty() ? ExitCode::ok : ExitCode::not_found;
  }
  if (!workspace.options.dry_run) {
    // The first renewal makes this process the store's owner for good. The owner may not be allowed
    // to read the credentials, nor to reach the state directory by its path.
    static_cast<void>(workspace.cloud());
    if (auto entered = workspace.enter_state_directory(); !entered) return pass(std::move(entered));
  }
  ExitCode worst = ExitCode::ok;
  std::size_t failed = 0;
  for (const std::string& name : *names) {
    const Result<ExitCode> done = renew_one(workspace, name, options.timeout);
    if (!done) Terminal::say("ccmctl: " + workspace.sentence_of(done.error()));
    const ExitCode code = done ? *done : exit_code_of(done.error());
    if (code == ExitCode::ok) continue;
    ++failed;
    if (worst == ExitCode::ok) worst = code;
  }
  if (failed != 0) {
    Terminal::say(fmt::format("ccmctl: {} of {} renewals are not done", failed, names->size()));
  }
  return worst;
}

Result<ExitCode> renew(Workspace& workspace, const RenewalOptions& options) {
  if (options.choices() != 1) {
    return fail(
        ErrorKind::invalid,
        "`ccmctl renew` wants one of NAME, --all, --failing and --issuer; see `ccmctl renew "
        "--help`");
  }
  return options.name.empty() ? renew_many(workspace, options)
                              : renew_one(workspace, options.name, options.timeout);
}

// The newest version before the current one.
VersionNumber previous_version(const std::vector<store::VersionInfo>& history,
                               VersionNumber current) {
  VersionNumber found = 0;
  for (const auto& info : history) {
    if (info.number < current) found = std::max(found, info.number);
  }
  return found;
}

std::string describe_missing(const std::string& name, VersionNumber version,
                             VersionNumber current) {
  if (version != 0) {
    return fmt::format("{0} has no version {1}; `ccmctl history {0}` shows all", name, version);
  }
  // The link that says which version is current is damaged.
  if (current == 0) {
    return fmt::format(
        "{0} has no current version, so name the one to go back to with --to; `ccmctl history {0}` "
        "shows all",
        name);
  }
  return fmt::format("{} has no intact version before the current one", name);
}

// The names that the version has to cover; none when no server names the certificate any more.
std::vector<std::string> names_for(const Overview& overview) {
  return overview.spec == nullptr ? std::vector<std::string>() : overview.spec->names;
}

Result<void> go_back(Workspace& workspace, StoreAccess& access, const std::string& name,
                     VersionNumber version, const std::vector<std::string>& names) {
  if (access.lease() != nullptr) {
    LocalEvents events(access, workspace.clock());
    return lifecycle::Installer(access.store(), *access.lease(), events.stream())
        .roll_back(name, version, names, workspace.clock().now());
  }
  constexpr int kPatience = 60;
  const auto asked = ask_leader(
      workspace, access, {.wish = Wish::roll_back, .name = name, .version = version}, kPatience);
  if (!asked) return fail(asked.error());
  if (asked->answer && !asked->answer->error) return {};
  if (asked->answer) return fail(Error(*asked->answer->error).with_context(name));
  return fail(ErrorKind::pending,
              fmt::format("{}: the agent has been asked and has not answered in {} s{}", name,
                          kPatience, withdraw(access, name, *asked)));
}

Result<ExitCode> roll_back(Workspace& workspace, const std::string& name, VersionNumber wanted) {
  auto overview = look_at(workspace, name);
  if (!overview) return pass(std::move(overview));
  if (!*overview) return ExitCode::not_found;
  const store::StoreReader& reader = workspace.store();
  const auto history = reader.history(name);
  if (!history) return fail(history.error());
  const VersionNumber current = reader.current_version(name);
  const VersionNumber version = wanted == 0 ? previous_version(*history, current) : wanted;
  const bool is_there = std::any_of(history->begin(), history->end(),
                                    [&](const auto& info) { return info.number == version; });
  if (!is_there) {
    Terminal::say("ccmctl: " + describe_missing(name, version, current));
    return ExitCode::not_found;
  }
  const auto names = names_for(**overview);
  if (workspace.options.dry_run) {
    const auto stored = reader.load_version(name, version);
    if (!stored) return fail(stored.error());
    auto passed = store::check_stored(*stored, names, workspace.clock().now());
    if (!passed)
      return fail_with(std::move(passed), fmt::format("version {} of {}", version, name));
    return print_dry_run(
        workspace, fmt::format("{}: version {} would become current (is {}) and be held", name,
                               version, current));
  }
  auto access = StoreAccess::enter(workspace);
  if (!access) return pass(std::move(access));
  if (auto done = go_back(workspace, *access, name, version, names); !done)
    return pass(std::move(done));
  return report_change(
      workspace, access->path(), {.name = name, .version = version, .before = current},
      fmt::format("{}: version {} is current (was {}) and stays until its last tenth, or "
                  "until `ccmctl renew {}`",
                  name, version, current, name));
}

struct RollbackOptions {
  std::string name;
  VersionNumber version = 0;
};

}  // namespace

void add_change_commands(CLI::App& app, Action& action) {
  auto renewal_options = std::make_shared<RenewalOptions>();
  auto* renewal = app.add_subcommand(
      "renew", "Renews certificates now; running servers use them at once, without a reload");
  renewal->add_option("NAME", renewal_options->name, "the certificate");
  renewal->add_flag("--all", renewal_options->is_all,
                    "every certificate that a server names, one after the other");
  renewal->add_flag("--failing", renewal_options->is_failing,
                    "those that are not valid or not served, the most urgent first");
  renewal->add_option("--issuer", renewal_options->issuer,
                      "those of the private CA with this id, one after the other");
  renewal
      ->add_option("--timeout", renewal_options->timeout,
                   "how many seconds to wait for the agent, for each certificate; 0: do not wait")
      ->capture_default_str()
      ->check(number({.what = "number of seconds", .least = 0, .most = 86400}));
  renewal->footer("Examples:\n  ccmctl renew www\n  ccmctl renew --failing");
  renewal->callback([=, &action] {
    action = [=](Workspace& workspace) { return renew(workspace, *renewal_options); };
  });
  auto options = std::make_shared<RollbackOptions>();
  auto* back = app.add_subcommand("rollback",
                                  "Goes back to an older version; the agent then leaves it alone");
  back->add_option("NAME", options->name, "the certificate")->required();
  back->add_option("--to", options->version,
                   "go back to this version, by its number in `ccmctl history NAME` (default: the "
                   "one before)")
      ->check(number({.what = "version number"}));
  back->footer("Examples:\n  ccmctl rollback www\n  ccmctl rollback www --to 3");
  back->callback([=, &action] {
    action = [=](Workspace& workspace) {
      return roll_back(workspace, options->name, options->version);
    };
  });
}

}  // namespace ccm::cli
