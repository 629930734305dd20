// SPDX-License-Identifier: Apache-2.0
// The form for machines: docs/reference/status.md describes every field.
#include "base/version.h"
#include "server/status/json_text.h"
#include "server/status/status_view.h"
#include "store/host/server_id.h"

namespace ccm::server {
namespace {

using publication::CallStatus;
using publication::CertificateStatus;
using publication::HookCounts;

// Grows when a field changes its meaning or goes; a new field leaves it as it is.
constexpr std::uint64_t kSchemaVersion = 1;

void write_counts(JsonText& out, const Counts& counts) {
  const auto at = [&](Count what) { return counts[static_cast<std::size_t>(what)]; };
  out.open('{', "handshakes")
      .number("started", at(Count::started))
      .number("full", at(Count::full))
      .number("resumed", at(Count::resumed))
      .number("placeholder", at(Count::placeholder))
      .number("stapled", at(Count::stapled))
      .number("unknown_server_name", at(Count::unknown_server_name))
      .number("no_server_name", at(Count::no_server_name))
      .open('{', "failures");
  for (std::size_t i = kFirstFailure; i < kCounts; ++i) {
    out.number(reason_of(static_cast<Count>(i)), counts[i]);
  }
  out.close('}').close('}');
}

void write_server(JsonText& out, const StatusReport& report) {
  out.open('{', "server")
      .text("kind", store::name_of(report.server))
      .text("version", version())
      .text("level", to_string(report.level()));
  write_counts(out, report.sums);
  out.open('[', "workers");
  for (const WorkerReport& worker : report.workers) {
    out.open('{').number("process", static_cast<std::uint64_t>(worker.pid));
    write_counts(out, worker.counts);
    out.number("certificates_behind", worker.behind);
    if (worker.silence) {
      out.number("seconds_since_sign_of_life", static_cast<std::uint64_t>(worker.silence->count()));
    } else {
      out.null("seconds_since_sign_of_life");
    }
    out.close('}');
  }
  out.close(']').number("silent_workers", report.silent_workers.count).close('}');
}

void write_fleet_host(JsonText& out, const FleetOverview::Host& host) {
  out.open('{')
      .text("name", host.name)
      .flag("leads", host.leads)
      .flag("is_silent", host.is_silent)
      .time("last_seen", host.seen)
      .text("agent", host.agent);
  if (host.clock_ahead) {
    out.signed_number("clock_difference", host.clock_ahead->count());
  } else {
    out.null("clock_difference");
  }
  out.number("behind", host.behind).open('[', "behind_on");
  for (const std::string& name : host.behind_on) out.item(name);
  out.close(']').close('}');
}

void write_fleet_hosts(JsonText& out, const StatusReport& report) {
  out.open('[', "flaws");
  if (report.fleet_hosts) {
    for (const std::string& flaw : report.fleet_hosts->flaws) out.item(flaw);
  }
  out.close(']');
  const FleetOverview* overview = report.fleet_overview();
  if (overview == nullptr) {
    out.null("hosts");
    return;
  }
  out.open('{', "hosts")
      .time("as_of", overview->at)
      .number("count", overview->hosts)
      .number("silent", overview->silent)
      .number("behind", overview->behind)
      .number("wrong_clocks", overview->wrong_clocks)
      .open('[', "worst");
  for (const FleetOverview::Host& host : overview->shown) write_fleet_host(out, host);
  out.close(']').close('}');
}

void write_fleet(JsonText& out, const StatusReport& report) {
  const publication::FleetStatus& fleet = report.agent->fleet;
  if (fleet.name.empty()) {
    out.null("fleet");
    return;
  }
  out.open('{', "fleet")
      .text("name", fleet.name)
      .text("host", fleet.host)
      .flag("is_connected", fleet.is_connected)
      .time("since", fleet.since)
      .text("leader", fleet.leader)
      .flag("leads", fleet.leads)
      .text("problem", fleet.problem);
  write_fleet_hosts(out, report);
  out.close('}');
}

void write_agent(JsonText& out, const StatusReport& report) {
  out.open('{', "agent").flag("is_alive", report.agent_lives);
  if (report.silence) {
    out.number("seconds_since_sign_of_life", static_cast<std::uint64_t>(report.silence->count()));
  } else {
    out.null("seconds_since_sign_of_life");
  }
  if (const auto& agent = report.agent) {
    out.number("process", agent->pid)
        .text("version", agent->version)
        .time("since", agent->since)
        .flag("leads", agent->leads)
        .text("account", agent->account)
        .text("region", report.region)
        .text("credentials", to_string(agent->identity))
        .time("cloud_seen", agent->cloud_seen)
        .time("cloud_missed", agent->cloud_missed)
        .time("next_wake", agent->next_wake);
    out.open('{', "hooks");
    for (std::size_t i = 0; i < HookCounts::kOutcomes; ++i) {
      out.number(to_string(static_cast<HookCounts::Outcome>(i)), agent->hooks.outcomes[i]);
    }
    out.close('}');
    out.open('[', "flaws");
    for (const AgentFlaw flaw : agent->flaws.list()) {
      out.open('{').text("kind", word_of(flaw)).text("message", sentence_of(flaw)).close('}');
    }
    out.close(']');
    write_fleet(out, report);
  }
  out.close('}');
}

void write_calls(JsonText& out, const StatusReport& report) {
  out.open('[', "calls");
  for (const CallStatus& call : report.calls) {
    out.open('{').text("operation", call.operation).open('{', "outcomes");
    for (std::size_t i = 0; i < CallStatus::kOutcomes; ++i) {
      out.number(to_string(static_cast<CallStatus::Outcome>(i)), call.outcomes[i]);
    }
    out.close('}').number("milliseconds", call.milliseconds).close('}');
  }
  out.close(']');
}

void write_summary(JsonText& out, const StatusReport& report) {
  out.open('{', "summary").number("certificates", report.certificates.size());
  for (const Health level : {Health::good, Health::warning, Health::bad}) {
    out.number(to_string(level), report.count(level));
  }
  out.open('{', "states");
  for (const Condition condition : kConditions) {
    out.number(word_of(condition), report.conditions.at(condition));
  }
  out.close('}').close('}');
}

void write_stored(JsonText& out, const CertificateStatus& told) {
  if (told.version == 0) {
    out.null("stored");
    return;
  }
  out.open('{', "stored")
      .number("version", told.version)
      .number("versions", told.versions)
      .text("serial", told.serial)
      .text("origin", told.origin)
      .time("installed_at", told.installed_at)
      .time("not_before", told.not_before)
      .time("not_after", told.not_after)
      .flag("is_damaged", told.is_damaged)
      .flag("is_held", told.held == told.version)
      .close('}');
}

void write_served(JsonText& out, const CertificateReport& certificate) {
  const CertificateStatus& told = certificate.told;
  if (!certificate.has_server) {
    out.null("served");
    return;
  }
  out.open('{', "served")
      .number("generation", certificate.generation)
      .text("serial", told.shown_serial)
      .time("not_after", told.shown_until)
      .flag("is_placeholder", told.is_placeholder)
      .flag("is_what_is_stored", certificate.is_served())
      .time("staple_until", told.staple_until)
      .number("workers_showing", certificate.showing)
      .number("workers_behind", certificate.behind)
      .close('}');
}

void write_canary(JsonText& out, const CertificateReport& certificate) {
  const CertificateStatus& told = certificate.told;
  if (told.canary_since == Time{}) {
    out.null("canary");
  } else {
    out.open('{', "canary")
        .number("version", told.staged)
        .number("percent", certificate.spec->canary.percent)
        .time("since", told.canary_since)
        .time("until", told.activates_at)
        .open('{', "current")
        .number("shown", told.canary.current_shown)
        .number("failed", told.canary.current_failed)
        .close('}')
        .open('{', "candidate")
        .number("shown", told.canary.candidate_shown)
        .number("failed", told.canary.candidate_failed)
        .close('}')
        .close('}');
  }
  if (told.held == 0 || told.refused_canary == 0) {
    out.null("refused_canary");
  } else {
    out.number("refused_canary", told.refused_canary);
  }
}

void write_certificate(JsonText& out, const CertificateReport& certificate) {
  const CertificateStatus& told = certificate.told;
  out.open('{')
      .text("name", certificate.spec->name)
      .text("state", word_of(certificate.condition))
      .text("level", to_string(certificate.level))
      .text("source", certificate.spec->source.facts().label)
      .open('[', "names");
  for (const std::string& name : certificate.spec->names) out.item(name);
  out.close(']');
  write_stored(out, told);
  write_served(out, certificate);
  if (told.order_step.empty()) {
    out.null("order");
  } else {
    out.open('{', "order").text("step", told.order_step).time("since", told.order_since).close('}');
  }
  if (told.staged == 0) {
    out.null("staged");
  } else {
    out.open('{', "staged")
        .number("version", told.staged)
        .time("shown_from", told.activates_at)
        .close('}');
  }
  write_canary(out, certificate);
  out.time("renew_at", told.renew_at)
      .time("next_at", told.next_at)
      .number("failed_attempts", told.attempts);
  out.open('[', "events");
  for (const CertificateStatus::PastEvent& event : told.events) {
    if (event.at == Time{}) break;
    out.open('{').text("type", kind_of(event.type).name).time("time", event.at).close('}');
  }
  out.close(']');
  if (told.error.empty()) {
    out.null("error");
  } else {
    out.open('{', "error").text("kind", told.error_kind).text("message", told.error).close('}');
  }
  out.close('}');
}

}  // namespace

std::string render_json(const StatusReport& report, const StatusFilter& filter) {
  const StatusPage page = select(report, filter);
  JsonText out;
  out.open('{')
      .text("schema", "ccm-status")
      .number("schema_version", kSchemaVersion)
      .time("time", report.now);
  write_server(out, report);
  write_agent(out, report);
  write_calls(out, report);
  write_summary(out, report);
  out.open('[', "catalogues");
  for (const CatalogueReport& each : report.catalogues) {
    out.open('{')
        .text("name", each.name)
        .number("certificates", each.certificates)
        .number("names", each.names)
        .close('}');
  }
  out.close(']');
  out.number("matching", page.matching).number("page", page.page).number("pages", page.pages);
  out.open('[', "certificates");
  for (const CertificateReport* certificate : page.certificates) {
    write_certificate(out, *certificate);
  }
  out.close(']').close('}');
  return std::move(out).take() + "\n";
}

}  // namespace ccm::server
