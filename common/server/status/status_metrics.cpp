// SPDX-License-Identifier: Apache-2.0
// The form for Prometheus, in its own text format (0.0.4) and as OpenMetrics 1.0. Alert rules and
// the dashboard use the names (packaging/examples), so do not change them.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/version.h"
#include "server/status/fleet_parts.h"
#include "server/status/metrics_text.h"
#include "server/status/status_view.h"
#include "store/host/server_id.h"

namespace ccm::server {
namespace {

using publication::CallStatus;

void add_agent(Metrics& out, const StatusReport& report) {
  out.family("ccm_build", "info", "The release of the server's module, and the server's kind.");
  out.sample(1, label("version", version()) + "," + label("server", store::name_of(report.server)));
  out.family("ccm_clock_timestamp_seconds", "gauge", "The time on this host, to compare clocks.");
  out.sample(seconds(report.now));
  out.family("ccm_agent_up", "gauge",
             "1 when the agent has given a sign of life within nine seconds.");
  out.sample(report.agent_lives ? 1 : 0);
  if (report.silence) {
    out.family("ccm_agent_sign_age_seconds", "gauge", "Since the agent's last sign of life.");
    out.sample(report.silence->count());
  }
  if (!report.agent) return;
  const publication::AgentStatus& agent = *report.agent;
  out.family("ccm_agent_start_timestamp_seconds", "gauge", "When the agent began.");
  out.sample(seconds(agent.since));
  out.family("ccm_agent_leads", "gauge",
             "1 when this server's agent is the one that talks to the cloud for its store.");
  out.sample(agent.leads ? 1 : 0);
  out.family("ccm_agent_credentials", "gauge",
             "What is known of the credentials: 1 for the state that is so.");
  out.sample(1, label("state", to_string(agent.identity)));
  out.family("ccm_agent_flaw", "gauge",
             "1 for what is wrong with an agent that goes on all the same.");
  for (const AgentFlaw flaw : kAgentFlaws) {
    out.sample(agent.flaws.has(flaw) ? 1 : 0, label("flaw", word_of(flaw)));
  }
  if (agent.next_wake != Time{}) {
    out.family("ccm_agent_next_wake_timestamp_seconds", "gauge", "When the agent has to act next.");
    out.sample(seconds(agent.next_wake));
  }
  if (agent.cloud_seen != Time{}) {
    out.family("ccm_cloud_last_answer_timestamp_seconds", "gauge",
               "When the cloud last answered, whatever it said.");
    out.sample(seconds(agent.cloud_seen));
  }
  if (agent.cloud_missed != Time{}) {
    out.family("ccm_cloud_last_miss_timestamp_seconds", "gauge",
               "When the cloud last gave no complete answer.");
    out.sample(seconds(agent.cloud_missed));
  }
}

void add_hooks(Metrics& out, const StatusReport& report) {
  if (!report.agent) return;
  using publication::HookCounts;
  out.family("ccm_hooks", "counter",
             "Runs of hooks, by what came of them; left_out: too many waited already.");
  for (std::size_t i = 0; i < HookCounts::kOutcomes; ++i) {
    out.sample(report.agent->hooks.outcomes[i],
               label("outcome", to_string(static_cast<HookCounts::Outcome>(i))));
  }
}

// The steps of an order are few (sources/order_view.h).
void add_orders(Metrics& out, const StatusReport& report) {
  std::map<std::string_view, std::size_t> steps;
  for (const CertificateReport& each : report.certificates) {
    if (!each.told.order_step.empty()) ++steps[each.told.order_step];
  }
  if (steps.empty()) return;
  out.family("ccm_orders", "gauge", "Orders under way, by step; stopped: a person must help.");
  for (const auto& [step, count] : steps) out.sample(count, label("step", step));
}

void add_calls(Metrics& out, const StatusReport& report) {
  if (report.calls.empty()) return;
  out.family("ccm_cloud_calls", "counter",
             "Calls of the agent, by operation and what came of them; ocsp is no operation of the "
             "cloud.");
  for (const CallStatus& call : report.calls) {
    for (std::size_t i = 0; i < CallStatus::kOutcomes; ++i) {
      if (call.outcomes[i] == 0) continue;
      const auto outcome = static_cast<CallStatus::Outcome>(i);
      out.sample(call.outcomes[i],
                 label("operation", call.operation) + "," + label("outcome", to_string(outcome)));
    }
  }
  out.family("ccm_cloud_call_duration_seconds", "histogram", "How long those calls took.");
  for (const CallStatus& call : report.calls) {
    const std::string operation = label("operation", call.operation);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < call.durations.size(); ++i) {
      count += call.durations[i];
      const bool is_last = i == CallStatus::kEdges.size();
      const std::string edge =
          is_last ? "+Inf" : fmt::format("{}", static_cast<double>(CallStatus::kEdges[i]) / 1000);
      out.sample_of("_bucket", count, operation + "," + label("le", edge));
    }
    out.sample_of("_sum", static_cast<double>(call.milliseconds) / 1000, operation);
    out.sample_of("_count", count, operation);
  }
}

void add_handshakes(Metrics& out, const StatusReport& report) {
  if (report.server == config::ServerKind::none) return;
  const auto at = [&](Count what) { return report.sums[static_cast<std::size_t>(what)]; };
  out.family("ccm_workers", "gauge", "Processes of the server that can show certificates.");
  out.sample(report.workers.size());
  out.family("ccm_workers_silent", "gauge",
             "Processes of the server that have given no sign of life for nine seconds.");
  out.sample(report.silent_workers.count);
  out.family("ccm_tls_handshakes_started", "counter", "Handshakes that began, at managed hosts.");
  out.sample(at(Count::started));
  out.family("ccm_tls_handshakes", "counter", "Handshakes that succeeded.");
  out.sample(at(Count::full), label("kind", "full"));
  out.sample(at(Count::resumed), label("kind", "resumed"));
  out.family("ccm_tls_handshake_failures", "counter", "Handshakes that failed, by reason.");
  for (std::size_t i = kFirstFailure; i < kCounts; ++i) {
    out.sample(report.sums[i], label("reason", reason_of(static_cast<Count>(i))));
  }
  out.family("ccm_tls_placeholders", "counter", "Handshakes in which a placeholder was shown.");
  out.sample(at(Count::placeholder));
  out.family("ccm_tls_staples", "counter", "Handshakes in which an OCSP response was stapled.");
  out.sample(at(Count::stapled));
  if (report.catalogues.empty()) return;
  out.family("ccm_catalogue_certificates", "gauge", "Certificates in a catalogue.");
  for (const CatalogueReport& each : report.catalogues) {
    out.sample(each.certificates, label("catalogue", each.name));
  }
  out.family("ccm_catalogue_names", "gauge", "Names for which a catalogue has a certificate.");
  for (const CatalogueReport& each : report.catalogues) {
    out.sample(each.names, label("catalogue", each.name));
  }
  out.family("ccm_catalogue_misses", "counter",
             "Handshakes for which no catalogue had a certificate, by what the client asked for.");
  out.sample(at(Count::unknown_server_name), label("asked", "unknown_name"));
  out.sample(at(Count::no_server_name), label("asked", "no_name"));
}

using Value = std::function<std::optional<std::int64_t>(const CertificateReport&)>;

struct CertificateFamily {
  std::string_view name;
  std::string_view help;
  Value value;
};

std::optional<std::int64_t> if_served(const CertificateReport& each, std::int64_t value) {
  return each.has_server ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> if_known(Time time) {
  return time == Time{} ? std::nullopt : std::optional(seconds(time));
}

std::vector<CertificateFamily> certificate_families() {
  using Report = CertificateReport;
  return {
      {"ccm_certificate_not_before_timestamp_seconds", "First day of the stored certificate.",
       [](const Report& each) { return if_known(each.told.not_before); }},
      {"ccm_certificate_not_after_timestamp_seconds", "Last day of the stored certificate.",
       [](const Report& each) { return if_known(each.told.not_after); }},
      {"ccm_certificate_served_not_after_timestamp_seconds", "Last day of what clients are shown.",
       [](const Report& each) { return if_known(each.told.shown_until); }},
      {"ccm_certificate_renewal_due_timestamp_seconds", "When its renewal is due.",
       [](const Report& each) { return if_known(each.told.renew_at); }},
      {"ccm_certificate_activation_timestamp_seconds",
       "When a version that waits for its window or is tried out is shown to all.",
       [](const Report& each) { return if_known(each.told.activates_at); }},
      {"ccm_certificate_installed_version", "The store's version of it; 0 when there is none.",
       [](const Report& each) { return static_cast<std::int64_t>(each.told.version); }},
      {"ccm_certificate_served_generation", "How often what clients are shown has changed.",
       [](const Report& each) {
         return if_served(each, static_cast<std::int64_t>(each.generation));
       }},
      {"ccm_certificate_served_is_stored", "1 when clients are shown what is stored.",
       [](const Report& each) { return if_served(each, each.is_served() ? 1 : 0); }},
      {"ccm_certificate_workers_behind", "Workers that have shown only an older one so far.",
       [](const Report& each) { return if_served(each, each.behind); }},
      {"ccm_certificate_failed_attempts", "Attempts that have failed since the last good one.",
       [](const Report& each) { return static_cast<std::int64_t>(each.told.attempts); }},
      {"ccm_certificate_staple_end_timestamp_seconds", "Until when its OCSP response is good.",
       [](const Report& each) { return if_known(each.told.staple_until); }},
  };
}

// Gauges, because the counts start again with each canary.
void add_canaries(Metrics& out, const StatusReport& report,
                  const std::vector<std::string>& labels) {
  const auto is_tried = [](const CertificateReport& each) {
    return each.told.canary_since != Time{};
  };
  if (std::none_of(report.certificates.begin(), report.certificates.end(), is_tried)) return;
  out.family("ccm_canary_handshakes", "gauge",
             "Handshakes since a new version is tried out, with it (candidate) and with the one "
             "before (current).");
  const auto add = [&](auto current, auto candidate) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (!is_tried(report.certificates[i])) continue;
      const auto& counts = report.certificates[i].told.canary;
      out.sample(counts.*current, labels[i] + "," + label("version", "current"));
      out.sample(counts.*candidate, labels[i] + "," + label("version", "candidate"));
    }
  };
  using Counts = publication::CertificateStatus::CanaryCounts;
  add(&Counts::current_shown, &Counts::candidate_shown);
  out.family("ccm_canary_failures", "gauge", "Of these, the ones that failed.");
  add(&Counts::current_failed, &Counts::candidate_failed);
}

void add_certificates(Metrics& out, const StatusReport& report) {
  out.family("ccm_certificates", "gauge", "Certificates of this server, by state.");
  for (const Condition condition : kConditions) {
    out.sample(report.conditions.at(condition), label("state", word_of(condition)));
  }
  if (report.certificates.empty()) return;
  std::vector<std::string> labels;
  for (const CertificateReport& each : report.certificates) {
    labels.push_back(label("certificate", each.spec->name));
  }
  out.family("ccm_certificate_state", "gauge", "1 for the state that the certificate is in.");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    out.sample(1, labels[i] + "," + label("state", word_of(report.certificates[i].condition)));
  }
  add_canaries(out, report, labels);
  for (const CertificateFamily& family : certificate_families()) {
    out.family(family.name, "gauge", family.help);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (const auto value = family.value(report.certificates[i])) out.sample(*value, labels[i]);
    }
  }
}

}  // namespace

std::string render_metrics(const StatusReport& report, MetricsForm form) {
  Metrics out(form);
  add_agent(out, report);
  add_fleet_metrics(out, report);
  add_calls(out, report);
  add_hooks(out, report);
  add_orders(out, report);
  add_handshakes(out, report);
  add_certificates(out, report);
  return std::move(out).take();
}

}  // namespace ccm::server
