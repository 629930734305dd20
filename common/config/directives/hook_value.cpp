// SPDX-License-Identifier: Apache-2.0
#include "config/directives/hook_value.h"

#include <algorithm>

#include "base/sentences.h"
#include "base/text.h"
#include "config/values/duration.h"
#include "config/values/value_words.h"

namespace ccm::config {
namespace {

constexpr std::size_t kMostEventsShown = 20;

std::vector<std::string_view> event_names() {
  std::vector<std::string_view> names;
  for (const EventKind& kind : event_kinds()) names.push_back(kind.name);
  return names;
}

Result<EventType> parse_event(std::string_view name) {
  if (const EventKind* kind = find_event_kind(name)) return kind->type;
  const std::vector<std::string_view> names = event_names();
  const std::string_view best = closest(name, names);
  return wrong(name, best.empty()
                         ? fmt::format("is no event; the events are {}",
                                       enumerated({names.begin(), names.end()}, kMostEventsShown))
                         : fmt::format("is no event; did you mean \"{}\"?", best));
}

Result<std::vector<EventType>> parse_events(const std::string& text) {
  std::vector<EventType> events;
  for (const std::string_view name : split(text, ',')) {
    const Result<EventType> event = parse_event(name);
    if (!event) return fail(event.error());
    if (std::find(events.begin(), events.end(), *event) != events.end()) {
      return wrong(name, "is given twice");
    }
    events.push_back(*event);
  }
  return events;
}

Result<Seconds> parse_hook_time(const std::string& text) {
  const Result<Seconds> time = parse_duration(text);
  if (!time) return fail(time.error());
  if (*time < Seconds(1) || *time > kLongestHookTime) {
    return wrong(text, fmt::format("is not between 1s and {}", to_string(kLongestHookTime)));
  }
  return *time;
}

Result<void> take_option(Hook& hook, const std::string& argument, bool is_repeated) {
  if (const auto user = value_of(argument, "user")) {
    if (is_repeated && !hook.user.empty()) return given_twice("user");
    if (user->empty()) return wrong(argument, "names no account");
    hook.user = *user;
    return {};
  }
  if (const auto text = value_of(argument, "timeout")) {
    auto time = parse_hook_time(*text);
    if (!time) return fail_with(std::move(time), "timeout");
    hook.timeout = *time;
    return {};
  }
  return wrong(argument,
               "is not understood here; write user=ACCOUNT or timeout=TIME, and put a "
               "program with its arguments into one pair of quotes");
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view text) {
  std::vector<std::string> words;
  bool is_in_word = false;
  bool is_quoted = false;
  for (const char letter : text) {
    const bool is_blank = (letter == ' ' || letter == '\t') && !is_quoted;
    if (is_blank) {
      is_in_word = false;
      continue;
    }
    if (!is_in_word) words.emplace_back();
    is_in_word = true;
    if (letter == '\'') {
      is_quoted = !is_quoted;
    } else {
      words.back() += letter;
    }
  }
  if (is_quoted) return wrong(text, "has a single quote that is not closed");
  return words;
}

Result<Hook> parse_hook(const std::vector<std::string>& arguments) {
  Hook hook;
  hook.timeout = kUsualHookTime;
  auto events = parse_events(arguments[0]);
  if (!events) return pass(std::move(events));
  hook.events = *std::move(events);
  if (arguments[1] != "run") {
    return wrong(arguments[1],
                 "stands where \"run\" and the program belong; several events are "
                 "separated by commas, without blanks");
  }
  auto command = split_command(arguments[2]);
  if (!command) return fail_with(std::move(command), "run");
  if (command->empty()) return fail(ErrorKind::invalid, "run: there is no program");
  hook.command = *std::move(command);
  auto program = parse_file_path(hook.command[0]);
  if (!program) {
    return wrong(hook.command[0],
                 "is not the absolute path of a program; no shell looks for it, so "
                 "the path must start with /");
  }
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    const std::string_view word = std::string_view(arguments[i]).substr(0, arguments[i].find('='));
    if (i == 4 && arguments[3].starts_with(fmt::format("{}=", word))) return given_twice(word);
    if (auto taken = take_option(hook, arguments[i], i > 3); !taken) return pass(std::move(taken));
  }
  return hook;
}

}  // namespace ccm::config
