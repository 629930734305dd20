// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/sentences.h"
#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/host/asking.h"
#include "cli/host/state_directory.h"
#include "cli/host/store_access.h"
#include "cli/input/value_checks.h"
#include "config/values/duration.h"
#include "lifecycle/events/event_json.h"

namespace ccm::cli {
namespace {

constexpr int kFollowMilliseconds = 500;

struct EventsOptions {
  std::vector<std::string> names;
  bool follow = false;
  std::string since;
};

struct TestOptions {
  std::string event;
  std::string name;
  int timeout = 120;
};

// "2h" (ago), "2026-11-26" or "2026-11-26T13:30:00Z".
Result<Time> parse_since(const std::string& text, Time now) {
  if (text.empty()) return Time{};
  if (const auto ago = config::parse_duration(text)) return now - *ago;
  for (const char* form : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return Time(Seconds(timegm(&parts)));
  }
  return fail(ErrorKind::invalid,
              fmt::format("--since: \"{}\" is no time; write how long ago (2h, 3d), a day of UTC "
                          "(2026-11-26) or 2026-11-26T13:30:00Z",
                          printable(text)));
}

bool is_meant(const Event& event, const EventsOptions& options, Time since) {
  const auto& names = options.names;
  return event.at >= since &&
         (names.empty() || std::find(names.begin(), names.end(), event.certificate) != names.end());
}

void print_event(const Workspace& workspace, const Event& event) {
  if (workspace.options.json) {
    Terminal::print(lifecycle::event_json(event) + '\n');
    return;
  }
  Terminal::print(fmt::format("{}  {:<18}  {:<20}  {}{}\n", format_time(event.at),
                              kind_of(event.type).name,
                              event.certificate.empty() ? "-" : event.certificate, event.sentence,
                              event.server.empty() ? "" : fmt::format(" ({})", event.server)));
}

Result<ExitCode> show_events(Workspace& workspace, const EventsOptions& options) {
  const Result<Time> since = parse_since(options.since, workspace.clock().now());
  if (!since) return fail(since.error());
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  const store::StoreReader& store = workspace.store();
  store::EventMark mark;
  for (;;) {
    const auto page = store.events_since(mark);
    if (!page) return fail(page.error());
    for (const Event& event : page->events) {
      if (is_meant(event, options, *since)) print_event(workspace, event);
    }
    mark = page->next;
    if (page->has_more) continue;
    if (!options.follow) return ExitCode::ok;
    // A program that reads from a pipe wants each event at once.
    std::fflush(stdout);
    poll(nullptr, 0, kFollowMilliseconds);
  }
}

Result<const EventKind*> parse_kind(const std::string& name) {
  if (const EventKind* kind = find_event_kind(name)) return kind;
  std::vector<std::string_view> names;
  for (const EventKind& kind : event_kinds()) names.push_back(kind.name);
  const std::string_view best = closest(name, names);
  return fail(ErrorKind::invalid,
              best.empty()
                  ? fmt::format("\"{}\" is no event; the events are {}", printable(name),
                                enumerated({names.begin(), names.end()}, names.size()))
                  : fmt::format("\"{}\" is no event; did you mean \"{}\"?", printable(name), best));
}

// The certificate of a made-up event: the named one, or else the first of the host.
Result<std::string> subject_of_test(Workspace& workspace, const std::string& name) {
  const auto settings = workspace.settings();
  if (!settings) return fail(settings.error());
  for (const store::EffectiveSettings& each : **settings) {
    for (const config::CertificateSpec& spec : each.config.certificates()) {
      if (name.empty() || spec.name == name) return spec.name;
    }
  }
  return fail(ErrorKind::invalid,
              name.empty()
                  ? "no server on this host has a certificate in its configuration, so no "
                    "agent runs hooks"
                  : fmt::format("{}: no server on this host has it in its configuration", name));
}

Result<ExitCode> print_test(const Workspace& workspace, const store::Answer& answer) {
  if (workspace.options.json) {
    cloud::JsonObject object;
    object.set_flag("is_good", !answer.error).set("report", answer.report);
    if (answer.error) object.set("error", answer.error->message());
    auto printed = print_object(std::move(object));
    if (!printed) return printed;
  } else {
    Terminal::print(printable_lines(answer.report));
    if (answer.error) Terminal::say(fmt::format("ccmctl: {}", answer.error->message()));
  }
  return answer.error ? ExitCode::failed : ExitCode::ok;
}

Result<ExitCode> test_event(Workspace& workspace, const TestOptions& options) {
  const auto kind = parse_kind(options.event);
  if (!kind) return fail(kind.error());
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  const auto name = subject_of_test(workspace, options.name);
  if (!name) return fail(name.error());
  if (workspace.options.dry_run) {
    return print_dry_run(workspace,
                         fmt::format("{}: the hooks of \"{}\" would be run", *name, (*kind)->name));
  }
  auto access = StoreAccess::enter(workspace);
  if (!access) return pass(std::move(access));
  if (access->lease() != nullptr) {
    return fail(ErrorKind::internal,
                "no agent is there to run hooks, because no server with certificates runs");
  }
  const auto asked = ask_leader(
      workspace, *access,
      {.wish = store::Wish::run_hooks, .name = *name, .event = std::string((*kind)->name)},
      options.timeout);
  if (!asked) return fail(asked.error());
  if (asked->answer) return print_test(workspace, *asked->answer);
  return fail(ErrorKind::pending,
              fmt::format("{}: the agent has been asked and has not answered in {} s{}", *name,
                          options.timeout, withdraw(*access, *name, *asked)));
}

}  // namespace

void add_events(CLI::App& app, Action& action) {
  auto options = std::make_shared<EventsOptions>();
  auto* command = app.add_subcommand(
      "events", "Shows what has happened to the certificates of this host, the oldest first");
  command->add_option("NAME", options->names, "only of these certificates");
  command->add_flag("--follow,-f", options->follow, "go on, and show what happens from now on");
  command->add_option("--since", options->since,
                      "only from then on: how long ago (2h, 3d), a day or a time of UTC");
  command->footer(
      "Examples:\n"
      "  ccmctl events\n"
      "  ccmctl events www --since 3d\n"
      "  ccmctl events --follow --json\n"
      "  ccmctl events test failing www");
  command->callback([=, &action] {
    if (!command->get_subcommands().empty()) return;
    action = [=](Workspace& workspace) { return show_events(workspace, *options); };
  });
  auto test_options = std::make_shared<TestOptions>();
  auto* test = command->add_subcommand(
      "test", "Runs the hooks of an event that has not happened, as the server would run them");
  test->add_option("EVENT", test_options->event, "the event, such as installed")->required();
  test->add_option("NAME", test_options->name,
                   "the certificate that it is about (default: the first)");
  test->add_option("--timeout", test_options->timeout, "how many seconds to wait for the hooks")
      ->capture_default_str()
      ->check(number({.what = "number of seconds", .least = 1, .most = 86400}));
  test->footer("Example:\n  ccmctl events test installed www");
  test->callback([=, &action] {
    action = [=](Workspace& workspace) { return test_event(workspace, *test_options); };
  });
}

}  // namespace ccm::cli
