// SPDX-License-Identifier: Apache-2.0
#include "cli/input/global_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/input/completion.h"
#include "cli/input/value_checks.h"

namespace ccm::cli {
namespace {

enum class Use : unsigned { none = 0, host = 1, json = 2, dry_run = 4, cloud = 8 };

constexpr Use operator|(Use a, Use b) noexcept {
  return static_cast<Use>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(Use uses, Use one) noexcept {
  return (static_cast<unsigned>(uses) & static_cast<unsigned>(one)) != 0;
}

constexpr Use kLook = Use::host | Use::json;
constexpr Use kChange = kLook | Use::dry_run;
// Commands that take credentials and endpoints from the settings of the host's servers.
constexpr Use kRequest = kChange | Use::cloud;

struct CommandUse {
  std::string_view command;  // also for the commands below it
  Use uses;
};

// The longest row with which a command begins applies.
constexpr auto kUses = std::to_array<CommandUse>({
    {"status", kLook},
    {"list", kLook},
    {"show", kLook},
    {"history", kLook},
    {"check", Use::host},
    {"verify", kLook},
    {"events", kLook},
    {"events test", kChange},
    {"renew", kRequest},
    {"rollback", kChange},
    {"orders list", kLook},
    {"orders show", kLook},
    {"orders cancel", Use::host | Use::dry_run | Use::cloud},
    {"orders retry", kRequest},
    {"fleet", Use::host},
    {"fleet status", kLook},
    {"fleet keys", kLook},
    {"forget", kChange},
    {"import", kChange},
    {"export", kChange},
    {"doctor", kLook | Use::cloud},
    {"policy", kLook},
    {"agent", Use::none},
    {"generate", Use::none},
    {"push", kRequest},
    {"deploy", kRequest},
    {"revoke", kRequest},
    {"issue", kRequest},
    {"api list", Use::json},
    {"api show", Use::json},
    {"api call", kRequest},
    {"certificates", kRequest},
    {"csr", kRequest},
    {"ca", kRequest},
    {"private-certificates", kRequest},
    {"apig", kRequest},
    {"account", kRequest},
});

bool begins_with(std::string_view command, std::string_view words) noexcept {
  return command.starts_with(words) &&
         (command.size() == words.size() || command[words.size()] == ' ');
}

const CommandUse* find_use(std::string_view command) noexcept {
  const CommandUse* best = nullptr;
  for (const CommandUse& each : kUses) {
    if (!begins_with(command, each.command)) continue;
    if (best == nullptr || each.command.size() > best->command.size()) best = &each;
  }
  return best;
}

// Every global option and what a command must use for it to have an effect; --color, --version and
// --help always have one.
struct OptionUse {
  const char* option;
  Use needs;
};
constexpr auto kOptions = std::to_array<OptionUse>({
    {"--state-dir", Use::host},
    {"--server", Use::host},
    {"--json", Use::json},
    {"--dry-run", Use::dry_run},
    {"--credentials", Use::cloud},
    {"--profile", Use::cloud},
    {"--region", Use::cloud},
    {"--iam-endpoint", Use::cloud},
    {"--scm-endpoint", Use::cloud},
    {"--pca-endpoint", Use::cloud},
    {"--apig-endpoint", Use::cloud},
    {"--sts-endpoint", Use::cloud},
    {"--metadata-endpoint", Use::cloud},
    {"--ca-file", Use::cloud},
    {"--proxy", Use::cloud},
    {"--proxy-file", Use::cloud},
});

// "ca create"
std::string command_of(const CLI::App& app) {
  std::string path;
  const CLI::App* level = &app;
  for (;;) {
    const auto parsed = level->get_subcommands();
    if (parsed.empty()) return path;
    level = parsed.front();
    path += fmt::format("{}{}", path.empty() ? "" : " ", level->get_name());
  }
}

std::string instead_of(std::string_view option, std::string_view command) {
  if (command == "agent") return "`ccmctl agent` takes its settings from the file of --config";
  if (command == "check" && option == "--json") {
    return "`ccmctl check` answers monitoring systems in their own form; `ccmctl verify --json` "
           "has "
           "the same in JSON";
  }
  if (command == "doctor" && option == "--dry-run") {
    return "`ccmctl doctor` changes nothing; --offline keeps it from asking the cloud";
  }
  return fmt::format("`ccmctl {}` has no use for it", command);
}

// Whether another option leaves one without effect.
std::optional<std::string> find_contradiction(const CLI::App& app, const GlobalOptions& options) {
  const bool is_file =
      !options.credentials.empty() && options.credentials != "ecs" && options.credentials != "env";
  if (app.count("--profile") != 0 && !options.credentials.empty() && !is_file) {
    return fmt::format("--profile is a section of a profile file, and --credentials {} is none",
                       options.credentials);
  }
  if (app.count("--metadata-endpoint") != 0 && !options.credentials.empty() &&
      options.credentials != "ecs") {
    return "--metadata-endpoint is asked with --credentials ecs only";
  }
  return std::nullopt;
}

void add_cloud_options(CLI::App& app, GlobalOptions& options) {
  constexpr const char* kCloud = "Cloud (default: what this host's web servers are set to)";
  const auto add = [&](const char* name, std::string& value, const char* about) {
    return app.add_option(name, value, about)->take_last()->group(kCloud);
  };
  add("--credentials", options.credentials, "a profile FILE, ecs (metadata service) or env")
      ->type_name(kFile);
  add("--profile", options.profile, "which section of the profile file to use");
  add("--region", options.region, "such as ap-southeast-1");
  add("--iam-endpoint", options.endpoints.iam, "endpoint of IAM: https://HOST[:PORT]");
  add("--scm-endpoint", options.endpoints.scm, "endpoint of SCM, the SSL certificates");
  add("--pca-endpoint", options.endpoints.pca, "endpoint of PCA, the private CAs");
  add("--apig-endpoint", options.endpoints.apig, "endpoint of the API gateway service");
  add("--sts-endpoint", options.endpoints.sts, "endpoint of the token service");
  add("--metadata-endpoint", options.metadata_endpoint, "endpoint of the ECS metadata service");
  add("--ca-file", options.ca_file, "PEM file of the CAs to trust instead of the system's")
      ->type_name(kFile);
  add("--proxy", options.proxy, "http://HOST:PORT");
  add("--proxy-file", options.proxy_file,
      "FILE with one line, user:password, for a proxy that asks for it")
      ->type_name(kFile);
}

}  // namespace

void add_global_options(CLI::App& app, GlobalOptions& options) {
  constexpr const char* kGeneral = "General";
  app.add_option("--state-dir", options.state_directory, "the servers' state directory")
      ->type_name(kDirectory)
      ->capture_default_str()
      ->group(kGeneral);
  app.add_option("--server", options.server, "use only this server's settings")
      ->type_name("nginx|apache|agent")
      ->check(one_of({"nginx", "apache", "agent"}))
      ->group(kGeneral);
  app.add_flag("--json", options.json, "answer in JSON")->group(kGeneral);
  app.add_flag("--dry-run", options.dry_run,
               "change nothing: show the request instead of sending it to the cloud, or say what "
               "would change on this host")
      ->group(kGeneral);
  const std::vector<std::pair<std::string, ColourMode>> modes = {{"auto", ColourMode::automatic},
                                                                 {"always", ColourMode::always},
                                                                 {"never", ColourMode::never}};
  app.add_option("--color", options.colour, "when to colour the output")
      ->type_name("auto|always|never")
      ->transform(word_for(modes))
      ->group(kGeneral);
  add_cloud_options(app, options);
}

bool has_global_use(const std::string& command) {
  return find_use(command) != nullptr;
}

std::vector<std::string_view> global_options_of(std::string_view command) {
  std::vector<std::string_view> names;
  const CommandUse* use = find_use(command);
  if (use == nullptr) return names;
  for (const OptionUse& each : kOptions) {
    if (has(use->uses, each.needs)) names.emplace_back(each.option);
  }
  return names;
}

std::optional<std::string> find_unused_option(const CLI::App& app, const GlobalOptions& options) {
  const std::string command = command_of(app);
  const CommandUse* use = find_use(command);
  if (use == nullptr) return std::nullopt;
  for (const OptionUse& each : kOptions) {
    if (app.count(each.option) == 0 || has(use->uses, each.needs)) continue;
    return fmt::format("{} would have no effect: {}", each.option,
                       instead_of(each.option, command));
  }
  return find_contradiction(app, options);
}

}  // namespace ccm::cli
