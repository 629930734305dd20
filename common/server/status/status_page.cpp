// SPDX-License-Identifier: Apache-2.0
// The form for people: one document that loads nothing else. Every text that comes from outside
// goes through html().
#include <fmt/format.h>

#include <cctype>
#include <iterator>

#include "base/version.h"
#include "server/status/fleet_parts.h"
#include "server/status/page_rows.h"
#include "server/status/page_text.h"
#include "server/status/status_answer.h"
#include "server/status/status_view.h"

namespace ccm::server {
namespace {

constexpr std::size_t kMostInSection = 10;

std::string title_of(config::ServerKind server) {
  if (server == config::ServerKind::none) return "this host";
  return server == config::ServerKind::apache ? "Apache" : "nginx";
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') || byte == '-' || byte == '.';
    if (is_plain) {
      out += character;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    }
  }
  return out;
}

std::string as_sentence(std::string_view words) {
  std::string sentence(words);
  sentence.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence.front())));
  return sentence + ".";
}

// What is wrong with the server as a whole; empty when nothing is.
std::vector<std::string> alarms(const StatusReport& report) {
  std::vector<std::string> all;
  if (report.certificates.empty() && report.catalogues.empty()) return all;
  if (!report.agent_lives) {
    all.push_back(report.silence
                      ? fmt::format("No agent has given a sign of life for {}: certificates are "
                                    "served as they are, and no new one comes.",
                                    format_duration(*report.silence))
                      : "No agent has begun to look after the certificates yet.");
  }
  if (report.silent_workers.count > 0) {
    all.push_back(as_sentence(sentence_of(report.silent_workers)));
  }
  for (const CatalogueReport& each : report.catalogues) {
    if (!each.lacks_all()) continue;
    all.push_back(fmt::format(
        "The catalogue {} shows nothing: no certificate of the account is stored here. The "
        "server's error log and ccmctl status say what the account has answered.",
        each.name));
  }
  if (!report.agent) return all;
  for (std::string& alarm : fleet_alarms(report)) all.push_back(std::move(alarm));
  if (report.agent->identity == publication::Identity::refused) {
    all.emplace_back("The cloud refuses the credentials: nothing can be renewed.");
  }
  if (report.agent->identity == publication::Identity::unreadable) {
    all.emplace_back(
        "The agent could not read what it needs to call the cloud; the server's error log says "
        "what. Certificates are served but not renewed.");
  }
  for (const AgentFlaw flaw : report.agent->flaws.list()) {
    all.push_back(as_sentence(sentence_of(flaw)));
  }
  return all;
}

std::string headline(const StatusReport& report) {
  const std::size_t bad = report.count(Health::bad);
  const std::size_t dubious = report.count(Health::warning);
  const std::size_t all = report.certificates.size();
  if (all == 0 && report.catalogues.empty()) return "This server has no certificate to look after.";
  if (all == 0) {
    return fmt::format("{}: its certificates are those of catalogues",
                       word_element(report.level(), to_string(report.level())));
  }
  const std::string certificates =
      bad + dubious == 0
          ? fmt::format("{} of {} certificates are in order", all, all)
          : fmt::format("{} certificates: {} need help, {} need attention", all, bad, dubious);
  return fmt::format("{}: {}", word_element(report.level(), to_string(report.level())),
                     certificates);
}

// Empty when no hook has ever run.
std::string hook_rows(const publication::HookCounts& hooks) {
  using publication::HookCounts;
  const auto at = [&](HookCounts::Outcome what) { return hooks.outcomes[what]; };
  if (hooks.outcomes == HookCounts().outcomes) return "";
  return fmt::format(
      "<dt>Hooks</dt><dd>{} succeeded, {} failed, {} took too long, {} left out</dd>",
      at(HookCounts::succeeded), at(HookCounts::failed), at(HookCounts::timed_out),
      at(HookCounts::left_out));
}

std::string agent_card(const StatusReport& report) {
  std::string rows = fmt::format("<dt>State</dt><dd>{}</dd>",
                                 report.agent_lives ? word_element(Health::good, "alive")
                                                    : word_element(Health::bad, "silent"));
  if (report.silence) {
    rows += fmt::format("<dt>Last sign</dt><dd>{} ago</dd>", format_duration(*report.silence));
  }
  if (const auto& agent = report.agent) {
    rows += fmt::format(
        "<dt>Process</dt><dd>{}, release {}</dd><dt>Since</dt><dd>{}</dd><dt>Next</dt><dd>{}</dd>",
        agent->pid, html(agent->version), time_element(agent->since, report.now),
        agent->next_wake == Time{} ? "nothing is due" : time_element(agent->next_wake, report.now));
    rows += hook_rows(agent->hooks);
    rows += fleet_rows(report);
  }
  return fmt::format("<section class=\"card\"><h2>Agent</h2><dl>{}</dl></section>\n", rows);
}

// Before the first call nobody knows whether the credentials are good.
std::string credentials_element(publication::Identity identity) {
  if (identity == publication::Identity::unknown) return "not tried yet";
  const bool is_good = identity == publication::Identity::accepted;
  return word_element(is_good ? Health::good : Health::bad, to_string(identity));
}

std::string cloud_card(const StatusReport& report) {
  std::string rows;
  if (!report.agent || !report.agent->leads) {
    rows = "<dt>Calls</dt><dd>this server's agent does not talk to the cloud</dd>";
  } else {
    const publication::AgentStatus& agent = *report.agent;
    rows = fmt::format(
        "<dt>Credentials</dt><dd>{}</dd><dt>Answered</dt><dd>{}</dd><dt>No answer</dt><dd>{}</dd>",
        credentials_element(agent.identity), time_element(agent.cloud_seen, report.now),
        time_element(agent.cloud_missed, report.now));
    if (!agent.account.empty()) rows += "<dt>Account</dt><dd>" + html(agent.account) + "</dd>";
  }
  if (!report.region.empty()) rows += "<dt>Region</dt><dd>" + html(report.region) + "</dd>";
  return fmt::format("<section class=\"card\"><h2>Cloud</h2><dl>{}</dl></section>\n", rows);
}

// Empty when there is no catalogue.
std::string catalogue_card(const StatusReport& report) {
  if (report.catalogues.empty()) return "";
  std::string rows;
  for (const CatalogueReport& each : report.catalogues) {
    rows += fmt::format("<dt>{}</dt><dd>{} certificates for {} names</dd>", html(each.name),
                        each.certificates, each.names);
  }
  const auto at = [&](Count what) { return report.sums[static_cast<std::size_t>(what)]; };
  rows += fmt::format("<dt>Misses</dt><dd>{} with an unknown name, {} without a name</dd>",
                      at(Count::unknown_server_name), at(Count::no_server_name));
  return fmt::format("<section class=\"card\"><h2>Catalogues</h2><dl>{}</dl></section>\n", rows);
}

std::string handshake_card(const StatusReport& report) {
  if (report.server == config::ServerKind::none) return "";
  const auto at = [&](Count what) { return report.sums[static_cast<std::size_t>(what)]; };
  std::uint64_t failures = 0;
  std::string reasons;
  for (std::size_t i = kFirstFailure; i < kCounts; ++i) {
    failures += report.sums[i];
    if (report.sums[i] == 0) continue;
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason_of(static_cast<Count>(i)),
                           report.sums[i]);
  }
  return fmt::format(
      "<section class=\"card\"><h2>Handshakes</h2><dl><dt>With certificate</dt><dd>{}</dd>"
      "<dt>Resumed</dt><dd>{}</dd><dt>Failed</dt><dd>{}{}</dd><dt>Placeholder</dt><dd>{}</dd>"
      "<dt>Stapled</dt><dd>{}</dd></dl></section>\n",
      at(Count::full), at(Count::resumed), failures,
      reasons.empty() ? "" : fmt::format(" ({})", reasons), at(Count::placeholder),
      at(Count::stapled));
}

std::string option(std::string_view value, std::string_view text, std::string_view chosen) {
  return fmt::format(R"(<option value="{}"{}>{}</option>)", value,
                     value == chosen ? " selected" : "", text);
}

std::string filter_form(const StatusReport& report, const StatusFilter& filter) {
  std::string options =
      option("", "all", filter.state) + option("trouble", "not in order", filter.state) +
      option("bad", "need help", filter.state) + option("warning", "need attention", filter.state);
  for (const Condition condition : kConditions) {
    const std::string_view word = word_of(condition);
    options +=
        option(word, fmt::format("{} ({})", word, report.conditions.at(condition)), filter.state);
  }
  return fmt::format(
      R"(<form method="get" role="search"><label for="q">Name contains<input id="q" name="q" type="search" value="{}"></label>
<label for="state-filter">State<select id="state-filter" name="state">{}</select></label>
<button type="submit">Show</button></form>
)",
      html(filter.text), options);
}

std::string link_to(const StatusFilter& filter, std::size_t page, std::string_view text) {
  return fmt::format(R"(<a href="?q={}&amp;state={}&amp;page={}&amp;per_page={}">{}</a>)",
                     percent_encoded(filter.text), percent_encoded(filter.state), page,
                     filter.per_page, text);
}

std::string pager(const StatusPage& page, const StatusFilter& filter) {
  if (page.pages <= 1) return "";
  std::string links;
  if (page.page > 1) links += link_to(filter, page.page - 1, "Previous page");
  links += fmt::format("<span>page {} of {}</span>", page.page, page.pages);
  if (page.page < page.pages) links += link_to(filter, page.page + 1, "Next page");
  return fmt::format("<nav class=\"pages\" aria-label=\"Pages\">{}</nav>\n", links);
}

std::string certificate_table(const StatusReport& report, const StatusFilter& filter) {
  const StatusPage page = select(report, filter);
  std::string rows;
  for (const CertificateReport* each : page.certificates)
    rows += certificate_row(*each, report.now);
  if (rows.empty()) rows = "<tr><td colspan=\"5\">No certificate fits.</td></tr>";
  return fmt::format(
      R"(<table class="list"><caption>{} of {} certificates, the worst first</caption>
<thead><tr><th scope="col">Certificate</th><th scope="col">State</th><th scope="col">Life</th><th scope="col">Served and stored</th><th scope="col">Next</th></tr></thead>
<tbody>{}</tbody></table>
{})",
      page.matching, report.certificates.size(), rows, pager(page, filter));
}

std::string last_sign(const WorkerReport& worker) {
  return worker.silence ? format_duration(*worker.silence) + " ago" : "none";
}

std::string worker_table(const StatusReport& report) {
  if (report.server == config::ServerKind::none) return "";
  std::string rows;
  for (const WorkerReport& worker : report.workers) {
    std::uint64_t failures = 0;
    for (std::size_t i = kFirstFailure; i < kCounts; ++i) failures += worker.counts[i];
    const auto at = [&](Count what) { return worker.counts[static_cast<std::size_t>(what)]; };
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        worker.pid, last_sign(worker), at(Count::full), at(Count::resumed), failures,
        worker.behind);
  }
  return fmt::format(
      R"(<details><summary>{} workers</summary><div class="wide" role="region" aria-label="Workers" tabindex="0"><table>
<caption>A row keeps the counts of earlier workers that had it.</caption>
<thead><tr><th scope="col">Process</th><th scope="col">Last sign</th><th scope="col">With certificate</th><th scope="col">Resumed</th><th scope="col">Failed</th><th scope="col">Certificates shown last in an older form</th></tr></thead>
<tbody>{}</tbody></table></div></details>
)",
      report.workers.size(), rows);
}

}  // namespace

std::string render_page(const StatusReport& report, const StatusFilter& filter) {
  const std::string title = title_of(report.server);
  std::string live;
  for (const std::string& alarm : alarms(report)) {
    live += fmt::format("<p class=\"alarm bad\">{}</p>\n", html(alarm));
  }
  live += fmt::format("<div class=\"cards\">{}{}{}{}</div>\n", agent_card(report),
                      cloud_card(report), handshake_card(report), catalogue_card(report));
  live += certificate_table(report, filter) + fleet_table(report) + worker_table(report);
  return fmt::format(
      R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{0}: certificates of {1}</title><link rel="icon" href="data:,"><style>{2}</style></head>
<body><header><h1>Certificates of {1}</h1><p id="state" role="status">{3}</p></header>
<main>{4}<p id="lost" class="bad" role="alert"></p><div id="live">
<p class="small dim">As of <time datetime="{5}">{5}</time>.</p>
{6}</div></main>
<footer><p class="small dim">CCM TLS {7} · the same as <a href="?format=json">JSON</a> and <a href="?format=prometheus">metrics</a></p></footer>
<script>{8}</script></body></html>
)",
      to_string(report.level()), title, kPageStyle, headline(report), filter_form(report, filter),
      format_time(report.now), live, html(version()), kPageScript);
}

std::string status_section(const StatusReport& report) {
  std::string out = fmt::format("<hr />\n<h2>CCM TLS</h2>\n<p>{}</p>\n", headline(report));
  for (const std::string& alarm : alarms(report)) out += fmt::format("<p>{}</p>\n", html(alarm));
  std::size_t left = kMostInSection;
  for (const CertificateReport& each : report.certificates) {
    if (left-- == 0) break;
    out += fmt::format("<p>{}: {}{}</p>\n", html(each.spec->name), word_of(each.condition),
                       each.told.error.empty() ? "" : "; " + html(each.told.error));
  }
  return out;
}

std::string status_lines(const StatusReport& report) {
  const auto at = [&](Count what) { return report.sums[static_cast<std::size_t>(what)]; };
  return fmt::format(
      "CCMAgentUp: {}\nCCMCertificates: {}\nCCMCertificatesWarning: {}\nCCMCertificatesBad: {}\n"
      "CCMHandshakesFull: {}\nCCMHandshakesResumed: {}\nCCMPlaceholders: {}\n",
      report.agent_lives ? 1 : 0, report.certificates.size(), report.count(Health::warning),
      report.count(Health::bad), at(Count::full), at(Count::resumed), at(Count::placeholder));
}

}  // namespace ccm::server
