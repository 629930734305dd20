// SPDX-License-Identifier: Apache-2.0
#include "cli/host/overview_object.h"

#include <utility>

namespace ccm::cli {

using cloud::JsonObject;

JsonObject object_of(const store::VersionInfo& info) {
  JsonObject object;
  object.set_number("version", static_cast<std::int64_t>(info.number))
      .set("serial", info.serial)
      .set("fingerprint", info.fingerprint)
      .set("origin", info.origin)
      .set("installed_at", format_time(info.installed_at))
      .set("not_before", format_time(info.not_before))
      .set("not_after", format_time(info.not_after));
  return object;
}

namespace {

JsonObject object_of(const Error& error) {
  JsonObject object;
  object.set("kind", to_string(error.kind())).set("message", error.message());
  if (!error.code().empty()) object.set("code", error.code());
  if (!error.request_id().empty()) object.set("request_id", error.request_id());
  return object;
}

std::vector<JsonObject> objects_of(const std::vector<Serving>& servings) {
  std::vector<JsonObject> objects;
  for (const Serving& serving : servings) {
    objects.emplace_back();
    objects.back()
        .set("server", serving.server)
        .set("agent", word_of(serving.condition))
        .set_number("version", static_cast<std::int64_t>(serving.version.value_or(0)));
  }
  return objects;
}

JsonObject object_of(const store::EffectiveSettings& server,
                     const std::vector<store::EffectiveSettings>& all) {
  const store::AgentSighting& seen = server.seen;
  JsonObject object;
  object.set("server", title_of(server, all))
      .set("instance", server.server.instance)
      .set("place", server.facts.place)
      .set("agent", word_of(condition_of(seen)))
      .set_number("process", seen.pid)
      .set_flag("leads", seen.leads);
  std::vector<std::string> flaws;
  for (const AgentFlaw flaw : seen.flaws.list()) flaws.emplace_back(word_of(flaw));
  object.set_texts("flaws", flaws);
  object.set_number("silent_workers", seen.silent_workers.count);
  if (seen.pid != 0) object.set("since", format_time(seen.since));
  if (seen.last_seen) object.set("last_seen", format_time(*seen.last_seen));
  return object;
}

}  // namespace

namespace {

JsonObject object_of(const CanarySide& side) {
  JsonObject object;
  object.set_number("shown", static_cast<std::int64_t>(side.shown()))
      .set_number("failed", static_cast<std::int64_t>(side.failed()));
  for (std::size_t i = kFirstCanaryReason; i < kCanaryCounts; ++i) {
    if (side.counts[i] == 0) continue;
    object.set_number(std::string(to_string(static_cast<CanaryCount>(i))).c_str(),
                      static_cast<std::int64_t>(side.counts[i]));
  }
  return object;
}

JsonObject canary_object(const Overview& overview) {
  const store::Canary& canary = *overview.staged->canary;
  JsonObject object;
  object.set_number("version", static_cast<std::int64_t>(canary.version))
      .set("since", format_time(canary.since))
      .set("until", format_time(overview.staged->at))
      .set_number("percent", overview.spec->canary.percent)
      .set_object("current", object_of(overview.canary.current))
      .set_object("candidate", object_of(overview.canary.candidate));
  return object;
}

}  // namespace

JsonObject object_of(const Overview& overview, Time now) {
  JsonObject object;
  object.set("name", overview.name)
      .set("source", source_of(overview))
      .set("state", health_of(overview, now).word())
      .set_flag("is_configured", overview.spec != nullptr)
      .set_flag("is_forgotten", overview.is_forgotten)
      .set_flag("is_held", overview.is_held())
      .set_number("refused_canary", static_cast<std::int64_t>(overview.refused_canary))
      .set_flag("is_served", overview.is_served())
      .set_objects("served", objects_of(overview.servings));
  if (overview.spec != nullptr) object.set_texts("names", overview.spec->names);
  if (overview.installed) {
    const auto& info = overview.installed->info;
    object.set_object("installed", object_of(info))
        .set_number("seconds_left", (info.not_after - now).count())
        .set_texts("certificate_names", overview.installed->names);
  }
  if (overview.staged) {
    JsonObject staged;
    staged.set_number("version", static_cast<std::int64_t>(overview.staged->version))
        .set("shown_from", format_time(overview.staged->at));
    object.set_object("staged", std::move(staged));
    if (overview.staged->canary) object.set_object("canary", canary_object(overview));
  }
  if (const auto* valid = std::get_if<lifecycle::Valid>(&overview.state)) {
    object.set("renew_at", format_time(valid->renew_at))
        .set("check_at", format_time(valid->check_at));
  }
  if (const auto* waiting = std::get_if<lifecycle::Waiting>(&overview.state)) {
    object.set("retry_at", format_time(waiting->retry_at));
  }
  if (const auto* failing = std::get_if<lifecycle::Failing>(&overview.state)) {
    object.set("retry_at", format_time(failing->retry_at))
        .set_number("attempts", failing->attempts);
  }
  if (const Error* error = overview.error()) object.set_object("error", object_of(*error));
  return object;
}

JsonObject object_of(const std::vector<Overview>& overviews,
                     const std::vector<store::EffectiveSettings>& servers, Time now) {
  std::vector<JsonObject> certificates;
  for (const Overview& overview : overviews) certificates.push_back(object_of(overview, now));
  std::vector<JsonObject> agents;
  for (const store::EffectiveSettings& server : servers) {
    agents.push_back(object_of(server, servers));
  }
  JsonObject object;
  object.set_objects("certificates", std::move(certificates))
      .set_objects("servers", std::move(agents));
  return object;
}

}  // namespace ccm::cli
