// SPDX-License-Identifier: Apache-2.0
#include "cli/host/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <numeric>
#include <set>
#include <span>
#include <string_view>
#include <thread>
#include <tuple>

#include "base/text.h"
#include "cli/host/state_directory.h"
#include "lifecycle/schedule/hold.h"
#include "store/forgetting.h"
#include "store/host/canary_file.h"

namespace ccm::cli {
namespace {

using lifecycle::Failing;
using lifecycle::Rejected;
using lifecycle::Valid;
using lifecycle::Waiting;

// A new agent reads every certificate before it can say what it serves.
constexpr Seconds kStart{60};
// A thread is not worth it for fewer certificates.
constexpr std::size_t kLeastOfAThread = 250;

std::vector<Serving> servings_of(const std::vector<EffectiveSettings>& servers,
                                 const std::string& name, Time now) {
  std::vector<Serving> servings;
  for (const EffectiveSettings& server : servers) {
    const AgentCondition condition = condition_of(server.seen);
    if (server.server.kind == config::ServerKind::none || condition == AgentCondition::stopped ||
        server.config.find(name) == nullptr) {
      continue;
    }
    servings.push_back({.server = title_of(server, servers),
                        .condition = condition,
                        .version = server.seen.serves(name),
                        .is_starting = now - server.seen.since < kStart});
  }
  return servings;
}

bool shows(const Serving& serving, store::VersionNumber version) noexcept {
  if (!serving.version) return serving.is_starting && serving.condition == AgentCondition::works;
  return *serving.version == version;
}

Result<void> read_all_of(const store::StoreReader& store, Overview& overview) {
  auto loaded = store.load(overview.name);
  if (!loaded) return pass(std::move(loaded));
  overview.damage = std::move(loaded->damage);
  if (!overview.damage) {
    // Root may read what the agent's account cannot.
    if (auto described = store.describe(overview.name)) {
      overview.damage = std::move(described->damage);
    }
  }
  if (!loaded->certificate) return {};
  overview.installed.emplace(Installed{.info = loaded->certificate->info,
                                       .names = loaded->certificate->bundle.leaf().names(),
                                       .key = loaded->certificate->bundle.key().type(),
                                       .certificate = std::move(loaded->certificate)});
  return {};
}

Result<void> read_installed(const store::StoreReader& store, Depth depth, Overview& overview) {
  if (depth == Depth::files) return read_all_of(store, overview);
  auto described = store.describe(overview.name);
  if (!described) return pass(std::move(described));
  overview.damage = std::move(described->damage);
  if (!described->info) return {};
  overview.installed.emplace(Installed{.info = *std::move(described->info)});
  if (depth == Depth::records && overview.spec != nullptr) return {};
  auto seen = store.glance(overview.name, overview.installed->info.number);
  if (!seen) return read_all_of(store, overview);
  overview.installed->names = std::move(seen->leaf.names);
  overview.installed->key = seen->leaf.key_type;
  return {};
}

Result<Overview> read_overview(Workspace& workspace, const std::string& name, Depth depth) {
  auto spec = workspace.find_spec(name);
  if (!spec) return pass(std::move(spec));
  const store::StoreReader& store = workspace.store();
  auto [state, version] = read_state(store, name);
  const auto servers = workspace.settings();
  if (!servers) return fail(servers.error());
  const auto has_left = workspace.has_left(name);
  if (!has_left) return fail(has_left.error());
  Overview overview{.name = name,
                    .spec = *spec,
                    .installed = {},
                    .damage = {},
                    .state = std::move(state),
                    .state_version = version,
                    .held = lifecycle::held_version(store, name),
                    .servings = servings_of(**servers, name, workspace.clock().now()),
                    .is_forgotten = *has_left && store::is_forgotten(store, name)};
  overview.is_catalogued = *has_left && !overview.is_forgotten && workspace.has_catalogue();
  overview.is_left = *has_left && !overview.is_catalogued;
  if (overview.spec != nullptr) {
    overview.staged = lifecycle::pending_activation(store, *overview.spec, workspace.clock().now());
  }
  if (overview.staged && overview.staged->canary) {
    store::CanaryCounts counts(workspace.options.state_directory);
    overview.canary = sum_of(counts.of(name, *overview.staged->canary));
  }
  if (overview.held != 0) overview.refused_canary = lifecycle::refused_canary(store, name);
  if (auto read = read_installed(store, depth, overview); !read) return pass(std::move(read));
  return overview;
}

Result<std::vector<Overview>> look_at_these(Workspace& workspace,
                                            std::span<const std::string> names, Depth depth) {
  std::vector<Overview> overviews;
  overviews.reserve(names.size());
  for (const std::string& name : names) {
    auto overview = read_overview(workspace, name, depth);
    if (!overview) return pass(std::move(overview));
    overviews.push_back(*std::move(overview));
  }
  return overviews;
}

bool is_nearly_over(const store::VersionInfo& info, Time now) {
  return info.not_after - now < (info.not_after - info.not_before) / 10;
}

std::string span(Time from, Time to) {
  return to <= from ? "now" : fmt::format("in {}", format_duration(to - from));
}

}  // namespace

const Error* Overview::error() const noexcept {
  if (const Error* error = lifecycle::error_of(state)) return error;
  return damage ? &*damage : nullptr;
}

bool Overview::is_served() const noexcept {
  return !installed ||
         std::all_of(servings.begin(), servings.end(), [this](const Serving& serving) {
           return shows(serving, installed->info.number);
         });
}

std::pair<lifecycle::State, std::uint64_t> read_state(const store::StoreReader& store,
                                                      const std::string& name) {
  const auto stored = store.read_record(name, "state");
  if (!stored || !*stored) return {lifecycle::Absent{}, 0};
  auto persisted = lifecycle::parse_state((*stored)->value.reveal());
  if (!persisted) return {lifecycle::Absent{}, (*stored)->version};
  return {std::move(persisted->state), (*stored)->version};
}

Result<std::set<std::string>> names_of_all(Workspace& workspace) {
  auto settings = workspace.settings();
  if (!settings) return pass(std::move(settings));
  auto stored = workspace.store().names();
  if (!stored) return pass(std::move(stored));
  std::set<std::string> names(stored->begin(), stored->end());
  for (const auto& each : **settings) {
    for (const auto& spec : each.config.certificates()) names.insert(spec.name);
  }
  return names;
}

Result<std::vector<Overview>> look_at_all(Workspace& workspace, Depth depth) {
  auto names = names_of_all(workspace);
  if (!names) return pass(std::move(names));
  const std::vector<std::string> list(names->begin(), names->end());
  return look_at_named(workspace, list, depth);
}

Result<std::vector<Overview>> look_at_named(Workspace& workspace, std::span<const std::string> list,
                                            Depth depth) {
  // Loads everything that is made on first use, before threads share it.
  if (auto settings = workspace.settings(); !settings) return fail(settings.error());
  static_cast<void>(workspace.store());
  const std::size_t processors = std::max(std::thread::hardware_concurrency(), 1U);
  const std::size_t threads = std::clamp<std::size_t>(list.size() / kLeastOfAThread, 1, processors);
  std::vector<std::future<Result<std::vector<Overview>>>> parts;
  for (std::size_t i = 0; i < threads; ++i) {
    const std::size_t begin = i * list.size() / threads;
    const std::size_t end = (i + 1) * list.size() / threads;
    const auto share = list.subspan(begin, end - begin);
    parts.push_back(std::async(threads == 1 ? std::launch::deferred : std::launch::async,
                               [=, &workspace] { return look_at_these(workspace, share, depth); }));
  }
  std::vector<Overview> all;
  all.reserve(list.size());
  for (auto& part : parts) {
    auto overviews = part.get();
    if (!overviews) return overviews;
    std::move(overviews->begin(), overviews->end(), std::back_inserter(all));
  }
  return all;
}

void say_unknown(const std::string& name) {
  Terminal::say(fmt::format("ccmctl: there is no certificate \"{}\"; `ccmctl list` shows all",
                            printable(name)));
}

Result<std::optional<Overview>> look_at(Workspace& workspace, const std::string& name) {
  if (say_wrong_directory(workspace)) return std::nullopt;
  auto names = names_of_all(workspace);
  if (!names) return pass(std::move(names));
  if (names->count(name) == 0) {
    say_unknown(name);
    return std::nullopt;
  }
  auto overview = read_overview(workspace, name, Depth::files);
  if (!overview) return pass(std::move(overview));
  return std::optional<Overview>(*std::move(overview));
}

Health health_of(const Overview& overview, Time now) noexcept {
  if (overview.is_left)
    return {overview.is_forgotten ? Condition::forgotten : Condition::unused, Colour::dim};
  const Error* error = overview.error();
  const bool is_waiting = std::holds_alternative<Waiting>(overview.state);
  if (!overview.installed) {
    if (overview.damage) return {Condition::damaged, Colour::red};
    if (is_waiting) return {Condition::waiting, Colour::yellow};
    return {error == nullptr ? Condition::missing : Condition::failing, Colour::red};
  }
  const auto& info = overview.installed->info;
  if (info.not_after <= now) return {Condition::expired, Colour::red};
  const Colour trouble = is_nearly_over(info, now) ? Colour::red : Colour::yellow;
  if (overview.damage) return {Condition::damaged, trouble};
  if (is_waiting) return {Condition::waiting, trouble};
  if (std::holds_alternative<Rejected>(overview.state)) return {Condition::refused, trouble};
  if (std::holds_alternative<Failing>(overview.state)) return {Condition::failing, trouble};
  if (!overview.is_served()) return {Condition::not_served, Colour::red};
  if (overview.is_held()) return {Condition::held, Colour::yellow};
  if (overview.spec == nullptr && !overview.is_catalogued) return {Condition::unused, Colour::dim};
  return {Condition::valid, is_nearly_over(info, now) ? Colour::yellow : Colour::green};
}

bool is_trouble(const Overview& overview, Time now) noexcept {
  return !overview.is_left && health_of(overview, now).condition != Condition::valid;
}

void sort_by_need(std::vector<Overview>& overviews, Time now) {
  const auto rank = [now](const Overview& overview) {
    const auto [condition, colour] = health_of(overview, now);
    const int need = overview.is_left            ? 3
                     : colour == Colour::red     ? 0
                     : is_trouble(overview, now) ? 1
                                                 : 2;
    const Time end = overview.installed ? overview.installed->info.not_after : Time{};
    return std::tuple(need, end, std::string_view(overview.name));
  };
  std::vector<std::size_t> order(overviews.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return rank(overviews[a]) < rank(overviews[b]); });
  std::vector<Overview> sorted;
  sorted.reserve(overviews.size());
  for (const std::size_t i : order) sorted.push_back(std::move(overviews[i]));
  overviews = std::move(sorted);
}

std::string names_of(const Overview& overview) {
  return overview.spec != nullptr ? join(overview.spec->names, ", ")
         : overview.installed     ? join(overview.installed->names, ", ")
                                  : std::string();
}

std::string source_of(const Overview& overview) {
  if (overview.spec == nullptr) {
    return overview.installed ? overview.installed->info.origin : std::string();
  }
  return overview.spec->source.facts().label;
}

std::string served_text(const Overview& overview) {
  if (overview.is_catalogued) return "by catalogue";
  std::vector<std::string> parts;
  for (const Serving& serving : overview.servings) {
    std::string part = serving.server;
    if (serving.version) part += fmt::format(" {}", *serving.version);
    if (!serving.version && !serving.is_starting) part += " none";
    if (is_lost(serving.condition)) {
      part += fmt::format(" (agent {})", word_of(serving.condition));
    }
    parts.push_back(std::move(part));
  }
  return join(parts, ", ");
}

std::string next_step(const Overview& overview, Time now) {
  if (overview.spec == nullptr) return "none";
  const bool has_failed = std::holds_alternative<Failing>(overview.state) ||
                          std::holds_alternative<Rejected>(overview.state);
  if (overview.staged && !has_failed) {
    return fmt::format("{}version {} {}", overview.staged->canary ? "canary, " : "",
                       overview.staged->version, span(now, overview.staged->at));
  }
  if (const auto* valid = std::get_if<Valid>(&overview.state)) {
    return fmt::format("renewal {}", span(now, valid->renew_at));
  }
  if (const auto* waiting = std::get_if<Waiting>(&overview.state)) {
    return fmt::format("next look {}", span(now, waiting->retry_at));
  }
  if (const auto* failing = std::get_if<Failing>(&overview.state)) {
    return fmt::format("next try {}", span(now, failing->retry_at));
  }
  if (const auto* rejected = std::get_if<Rejected>(&overview.state)) {
    return fmt::format("next look {}", span(now, rejected->check_at));
  }
  return "first try";
}

std::string bar(const store::VersionInfo& info, Time now) {
  constexpr std::int64_t kCells = 10;
  const Seconds life = std::max(info.not_after - info.not_before, Seconds(1));
  const Seconds left = std::max(info.not_after - now, Seconds(0));
  const std::int64_t full = std::clamp((left.count() * kCells + life.count() - 1) / life.count(),
                                       std::int64_t{0}, kCells);
  std::string out;
  for (std::int64_t cell = 0; cell < kCells; ++cell) out += cell < full ? "█" : "░";
  return fmt::format("{} {}", out, time_left(info, now));
}

std::string time_left(const store::VersionInfo& info, Time now) {
  return info.not_after <= now ? "over" : format_duration(info.not_after - now);
}

}  // namespace ccm::cli
