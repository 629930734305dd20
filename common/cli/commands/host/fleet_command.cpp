// SPDX-License-Identifier: Apache-2.0
// fleet: who belongs to this host's fleet, and the fleet's keys. Asks etcd itself, as the options
// or the servers' settings say; needs no agent.
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/backoff.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/commands/host/fleet_status.h"
#include "cli/host/fleet_member.h"
#include "cli/input/completion.h"
#include "cli/input/secret_input.h"
#include "cli/output/table.h"

namespace ccm::cli {
namespace {

using cloud::JsonObject;

struct FleetWords {
  FleetOptions options;
  std::string name;
  std::string fleet_key;
  std::string subject;  // a request, or a member
  bool yes = false;
};

Result<void> write_host_key(const std::string& path, const fleet::HostKey& host) {
  const Result<Secret> text = fleet::serialize(host);
  if (!text) return fail(text.error());
  return write_file_atomically(path, text->reveal());
}

// The host's key; makes one if there is none.
Result<fleet::HostKey> have_host_key(const std::string& path, const std::string& name) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) == 0) {
    auto host = fleet::read_host_key(path);
    if (host && !name.empty() && host->name != name) {
      return fail(
          ErrorKind::invalid,
          fmt::format("{} is the key of \"{}\"; --name cannot change that", path, host->name));
    }
    return host;
  }
  Result<fleet::HostKey> host = fleet::make_host_key(name.empty() ? this_host() : name);
  if (!host) return host;
  if (Result<void> written = write_host_key(path, *host); !written) return pass(std::move(written));
  Terminal::say(fmt::format("{}: made; it is for this host alone", path));
  return host;
}

Result<ExitCode> found_fleet(Workspace& workspace, const FleetWords& words) {
  auto place = choose_fleet(workspace, words.options);
  if (!place) return pass(std::move(place));
  auto link = FleetLink::open(*place);
  if (!link) return pass(std::move(link));
  auto host = have_host_key(place->key_file, words.name);
  if (!host) return pass(std::move(host));
  if (!host->fleet_key.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("{} belongs to a host that is in a fleet already", place->key_file));
  }
  Result<std::string> id = link->keyring().found(host->key, host->name);
  if (!id) return pass(std::move(id));
  host->fleet_key = *id;
  if (Result<void> written = write_host_key(place->key_file, *host); !written) {
    return fail_with(std::move(written),
                     fmt::format("the fleet is there, and this host does not know it yet: `ccmctl "
                                 "fleet join --fleet-key {}`",
                                 *id));
  }
  Terminal::print(fmt::format("the fleet \"{}\" is there, with the key {}\n", place->name, *id));
  return ExitCode::ok;
}

Result<ExitCode> join_fleet(Workspace& workspace, const FleetWords& words) {
  if (!words.fleet_key.empty() && !fleet::is_fleet_key_id(words.fleet_key)) {
    return fail(ErrorKind::invalid,
                "--fleet-key is the id that `ccmctl fleet keys` shows on a member: 32 hexadecimal "
                "digits");
  }
  auto place = choose_fleet(workspace, words.options);
  if (!place) return pass(std::move(place));
  auto host = have_host_key(place->key_file, words.name);
  if (!host) return pass(std::move(host));
  if (!words.fleet_key.empty() && host->fleet_key != words.fleet_key) {
    host->fleet_key = words.fleet_key;
    if (Result<void> written = write_host_key(place->key_file, *host); !written) {
      return pass(std::move(written));
    }
  }
  auto request = fleet::join_request_of(*host);
  if (!request) return pass(std::move(request));
  Terminal::say(fmt::format("on a member: ccmctl fleet admit '{}'", *request));
  if (host->fleet_key.empty()) {
    Terminal::say("then here: ccmctl fleet join --fleet-key ID, with the id that it prints");
  }
  Terminal::print(*request + "\n");
  return ExitCode::ok;
}

// Other commands may change the fleet at the same moment. With every try at least one of them
// succeeds.
constexpr unsigned kFleetTries = 10;
constexpr Backoff kBetweenTries{.first = std::chrono::milliseconds(50),
                                .longest = std::chrono::milliseconds(800)};

// Calls `act` with the fleet as it is now: Membership& -> Result<...>.
template <typename Act>
auto as_member(Workspace& workspace, const FleetWords& words, Act act) {
  using Done = std::invoke_result_t<Act, Membership&>;
  for (unsigned tries = 1;; ++tries) {
    auto member = Membership::open(workspace, words.options);
    Done done = member ? act(*member) : Done(fail(member.error()));
    const bool is_lost = !done && done.error().code() == fleet::kFleetChanged;
    if (!is_lost || tries == kFleetTries) return done;
    poll(nullptr, 0, static_cast<int>(kBetweenTries.delay(tries).count()));
  }
}

Result<ExitCode> admit_host(Workspace& workspace, const FleetWords& words) {
  const auto request = fleet::parse_join_request(words.subject);
  if (!request) return fail(request.error());
  const auto id = as_member(workspace, words, [&](Membership& member) -> Result<std::string> {
    Result<void> done = member.keyring().admit(member.keys(), request->name, request->public_half);
    if (!done) return pass(std::move(done));
    return member.keys().keys.front().id;
  });
  if (!id) return fail(id.error());
  Terminal::say(fmt::format("{}: is in the fleet; the id of the fleet's key:", request->name));
  Terminal::print(*id + "\n");
  return ExitCode::ok;
}

// Finds a member by name or by id.
Result<fleet::FleetMember> find_member(const std::vector<fleet::FleetMember>& members,
                                       const std::string& wanted) {
  std::vector<const fleet::FleetMember*> found;
  for (const fleet::FleetMember& each : members) {
    if (each.name == wanted || each.id == wanted) found.push_back(&each);
  }
  if (found.empty()) {
    return fail(ErrorKind::invalid, fmt::format("the fleet has no host \"{}\"; `ccmctl fleet "
                                                "status` shows all",
                                                printable(wanted)));
  }
  if (found.size() > 1) {
    return fail(ErrorKind::invalid,
                fmt::format("{} hosts are called \"{}\"; give the id that `ccmctl fleet status "
                            "--json` shows",
                            found.size(), printable(wanted)));
  }
  return *found.front();
}

Result<fleet::FleetMember> find_other(Membership& self, const std::string& wanted) {
  const auto members = self.keyring().members(self.keys());
  if (!members) return fail(members.error());
  const auto is_wanted = [&](const auto& each) { return each.name == wanted || each.id == wanted; };
  if (std::none_of(members->begin(), members->end(), is_wanted)) {
    // It may have left with a change of the key that was cut short.
    const auto leaving = self.keyring().leaving(self.keys());
    if (!leaving) return fail(leaving.error());
    const auto left = std::find_if(leaving->hosts.begin(), leaving->hosts.end(), is_wanted);
    if (left != leaving->hosts.end()) {
      return fleet::FleetMember{.id = left->id, .name = left->name, .public_half = {}};
    }
  }
  auto member = find_member(*members, wanted);
  if (member && member->id == self.id()) {
    return fail(ErrorKind::invalid,
                "this host would make the key that it is not to know; remove it on another member");
  }
  return member;
}

Result<ExitCode> remove_host(Workspace& workspace, const FleetWords& words) {
  const auto member = as_member(workspace, words,
                                [&](Membership& self) { return find_other(self, words.subject); });
  if (!member) return fail(member.error());
  if (!words.yes) {
    const auto agreed = confirm(fmt::format("remove {} from the fleet and make a new key for the "
                                            "others",
                                            member->name),
                                "give --yes");
    if (!agreed) return fail(agreed.error());
    if (!*agreed) return ExitCode::failed;
  }
  // A host that somebody else has removed in the meantime is no member any more, which does no
  // harm.
  std::vector<std::string> passed_by;
  const auto id = as_member(workspace, words, [&](Membership& remover) {
    return remover.keyring().rotate(remover.keys(), {member->id}, fleet::LeftBehind::pass_by,
                                    &passed_by);
  });
  if (!id) return fail(id.error());
  if (!passed_by.empty()) {
    Terminal::say(
        fmt::format("these hosts did not get the new key, because a change of it was cut "
                    "short before, and go on with one that {} knows: {}; remove those "
                    "that have left, then `ccmctl fleet rotate --yes`",
                    member->name, printable(join(passed_by, ", "))));
  }
  Terminal::say(
      fmt::format("{0}: is no member any more, and reads nothing that {1} from now "
                  "on. Take away its access to etcd as well; certificates whose keys it "
                  "has had are still good: `ccmctl renew` replaces them",
                  member->name, passed_by.empty() ? "is written" : "hosts with the new key write"));
  Terminal::print(*id + "\n");
  return ExitCode::ok;
}

Result<ExitCode> rotate_keys(Workspace& workspace, const FleetWords& words) {
  const auto left_behind = words.yes ? fleet::LeftBehind::take_in : fleet::LeftBehind::refuse;
  const auto id = as_member(workspace, words, [left_behind](Membership& member) {
    return member.keyring().rotate(member.keys(), {}, left_behind);
  });
  if (!id) return fail(id.error());
  Terminal::say("what is written from now on is sealed with a new key; every member has it:");
  Terminal::print(*id + "\n");
  return ExitCode::ok;
}

Result<ExitCode> show_keys(Workspace& workspace, const FleetWords& words) {
  auto member = Membership::open(workspace, words.options);
  if (!member) return pass(std::move(member));
  std::vector<std::string> ids;
  for (const crypto::SealingKey& key : member->keys().keys) ids.push_back(key.id);
  if (workspace.options.json) {
    JsonObject object;
    object.set("seals", ids.front()).set_texts("keys", ids);
    return print_object(std::move(object));
  }
  Table table({"KEY", "USE"});
  for (const std::string& id : ids) {
    table.add({{id}, {id == ids.front() ? "seals what is written" : "opens what is older"}});
  }
  Terminal::print(table.text(workspace.terminal));
  return ExitCode::ok;
}

Result<ExitCode> show_status(Workspace& workspace, const FleetWords& words) {
  return show_fleet_status(workspace, words.options);
}

void add_place(CLI::App& command, FleetOptions& options) {
  constexpr const char* kPlace = "The fleet (default: what this host's servers are set to)";
  command.add_option("--endpoint", options.endpoints, "https://HOST:PORT of each member of etcd")
      ->allow_extra_args(false)
      ->group(kPlace);
  const auto add = [&](const char* name, std::string& value, const char* about, const char* type) {
    command.add_option(name, value, about)->type_name(type)->group(kPlace);
  };
  add("--fleet", options.fleet, "the fleet's name", "TEXT");
  add("--key", options.key, "the file with this host's own key", kFile);
  add("--etcd-ca", options.ca, "PEM file of the CAs that sign etcd's certificates", kFile);
  add("--certificate", options.certificate, "PEM file with the client certificate for etcd", kFile);
  add("--certificate-key", options.certificate_key, "its private key", kFile);
  add("--login", options.login, "FILE with one line, user:password of etcd", kFile);
}

}  // namespace

void add_fleet(CLI::App& app, Action& action) {
  auto words = std::make_shared<FleetWords>();
  CLI::App& fleet = group(app, "fleet", "The hosts that share their certificates through etcd");
  fleet.footer("Example:\n  ccmctl fleet status");
  using Act = Result<ExitCode> (*)(Workspace&, const FleetWords&);
  const auto add = [&](const char* name, const char* about, const char* example, Act act) {
    CLI::App* command = fleet.add_subcommand(name, about);
    add_place(*command, words->options);
    command->footer(fmt::format("Example:\n  ccmctl fleet {}", example));
    command->callback(
        [=, &action] { action = [=](Workspace& workspace) { return act(workspace, *words); }; });
    return command;
  };
  constexpr const char* kName = "what this host is called in the fleet (default: its host name)";
  add("status", "Shows the hosts of the fleet, which one leads and what each is behind on",
      "status", show_status);
  add("keys", "Shows the ids of the fleet's keys", "keys", show_keys);
  add("init", "Begins a fleet, with this host as its first member",
      "init --endpoint https://etcd1:2379 --fleet web --key /etc/ccm/fleet.key", found_fleet)
      ->add_option("--name", words->name, kName);
  CLI::App* join = add("join", "Makes this host's key, and prints what a member admits",
                       "join --fleet-key ID", join_fleet);
  join->add_option("--name", words->name, kName);
  join->add_option("--fleet-key", words->fleet_key,
                   "the id of the fleet's key, as a member shows it: this host believes no other")
      ->type_name("ID");
  add("admit", "Lets a host in, with what `ccmctl fleet join` printed there",
      "admit 'ccm-host web-2 MFkw...'", admit_host)
      ->add_option("REQUEST", words->subject, "the line, in quotes")
      ->required();
  CLI::App* leave = add("leave", "Removes a host, and makes a new key for the others",
                        "leave web-2", remove_host);
  leave->add_option("HOST", words->subject, "its name or id")->required();
  leave->add_flag("--yes,-y", words->yes, "do not ask");
  add("rotate", "Makes a new key for the fleet", "rotate", rotate_keys)
      ->add_flag("--yes,-y", words->yes,
                 "also for hosts that a change that was cut short has not reached");
}

}  // namespace ccm::cli
