// SPDX-License-Identifier: Apache-2.0
// forget: removes a certificate that no server names.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/host/asking.h"
#include "cli/host/overview.h"
#include "cli/host/store_access.h"
#include "cli/input/secret_input.h"
#include "store/catalogue_membership.h"
#include "store/host/effective_settings.h"

namespace ccm::cli {
namespace {

using store::Keep;

constexpr int kForgetPatience = 60;

struct ForgetOptions {
  std::string name;
  bool keep_versions = false;
  bool yes = false;

  Keep keep() const noexcept { return keep_versions ? Keep::versions : Keep::nothing; }
};

// "3 versions with their private keys"
std::string describe_versions(std::size_t versions) {
  return versions == 1 ? "1 version with its private key"
                       : fmt::format("{} versions with their private keys", versions);
}

Result<void> let_go(Workspace& workspace, const ForgetOptions& options) {
  auto access = StoreAccess::enter(workspace);
  if (!access) return pass(std::move(access));
  const std::string& name = options.name;
  if (access->lease() != nullptr) {
    return access->store().forget(*access->lease(), name, options.keep());
  }
  const auto asked = ask_leader(workspace, *access,
                                {.wish = store::Wish::forget, .name = name, .keep = options.keep()},
                                kForgetPatience);
  if (!asked) return fail(asked.error());
  if (asked->answer && !asked->answer->error) return {};
  if (asked->answer) return fail(*asked->answer->error);
  return fail(ErrorKind::pending, fmt::format("the agent has been asked and has not answered in "
                                              "{} s{}",
                                              kForgetPatience, withdraw(*access, name, *asked)));
}

Result<ExitCode> report(const Workspace& workspace, const ForgetOptions& options,
                        std::size_t versions) {
  const std::string& name = options.name;
  if (workspace.options.json) {
    cloud::JsonObject object;
    object.set("name", name)
        .set_number("versions_removed",
                    options.keep_versions ? 0 : static_cast<std::int64_t>(versions))
        .set_number("versions_kept",
                    options.keep_versions ? static_cast<std::int64_t>(versions) : 0);
    return print_object(std::move(object));
  }
  Terminal::say(options.keep_versions
                    ? fmt::format("{0}: forgotten; {1} stay: `ccmctl history {0}` shows them, and "
                                  "`ccmctl forget {0}` removes them",
                                  name, describe_versions(versions))
                    : fmt::format("{}: forgotten; removed: {}", name, describe_versions(versions)));
  return ExitCode::ok;
}

// Asks before it removes what cannot be restored. nullopt: go on.
Result<std::optional<ExitCode>> ask_first(const Workspace& workspace, const ForgetOptions& options,
                                          std::size_t versions) {
  if (workspace.options.dry_run) {
    auto said = print_dry_run(
        workspace,
        fmt::format("{}: {} would {}", options.name, describe_versions(versions),
                    options.keep_versions ? "stay, and be shown no more" : "be removed"));
    if (!said) return pass(std::move(said));
    return std::optional(*said);
  }
  if (options.yes || options.keep_versions) return std::nullopt;
  const auto agreed = confirm(fmt::format("forget {}: remove {}, which cannot be undone",
                                          options.name, describe_versions(versions)),
                              "give --yes, or --keep-versions");
  if (!agreed) return fail(agreed.error());
  if (*agreed) return std::nullopt;
  Terminal::say("nothing was removed");
  return std::optional(ExitCode::failed);
}

Result<ExitCode> forget(Workspace& workspace, const ForgetOptions& options) {
  const std::string& name = options.name;
  if (!workspace.options.server.empty()) {
    return fail(ErrorKind::invalid,
                "--server would have no effect: a certificate is forgotten when no server at all "
                "has it any more");
  }
  const auto overview = look_at(workspace, name);
  if (!overview) return fail(overview.error());
  if (!*overview) return ExitCode::not_found;
  const std::string& path = workspace.options.state_directory;
  auto unnamed = store::check_unnamed(path, name, workspace.clock().steady_now());
  if (unnamed && !options.keep_versions) {
    unnamed = store::check_may_remove(workspace.store(), name);
  }
  if (!unnamed) return fail_with(std::move(unnamed), name);
  const std::size_t versions = workspace.store().versions(name).size();
  const auto end = ask_first(workspace, options, versions);
  if (!end) return fail(end.error());
  if (*end) return **end;
  if (auto done = let_go(workspace, options); !done) return fail_with(std::move(done), name);
  return report(workspace, options, versions);
}

}  // namespace

void add_forget(CLI::App& app, Action& action) {
  auto options = std::make_shared<ForgetOptions>();
  auto* command = app.add_subcommand(
      "forget",
      "Removes a certificate that no server has in its configuration any more, with its private "
      "keys");
  command->add_option("NAME", options->name, "the certificate")->required();
  command->add_flag("--keep-versions", options->keep_versions,
                    "keep certificates and private keys, and only stop showing the certificate");
  command->add_flag("--yes,-y", options->yes, "do not ask");
  command->footer(
      "Examples:\n"
      "  ccmctl forget old-site\n"
      "  ccmctl forget old-site --yes\n"
      "  ccmctl forget old-site --keep-versions");
  command->callback(
      [=, &action] { action = [=](Workspace& workspace) { return forget(workspace, *options); }; });
}

}  // namespace ccm::cli
