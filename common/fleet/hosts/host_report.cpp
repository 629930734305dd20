// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/host_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/last_second.h"
#include "base/text.h"

namespace ccm::fleet {
namespace {

// So that a report stays small, however much is wrong.
constexpr std::size_t kMostFailedCopies = 20;

}  // namespace

std::string serialize(const HostReport& report) {
  Record record;
  record.add("host", report.host);
  record.add("agent", report.agent);
  record.add("written", fmt::format("{}", report.written.time_since_epoch().count()));
  if (report.ahead) record.add("ahead", fmt::format("{}", report.ahead->count()));
  record.add("followed", fmt::format("{}", report.followed));
  std::size_t count = 0;
  for (const auto& [name, problem] : report.failed) {
    if (++count > kMostFailedCopies) break;
    record.add("failed", fmt::format("{} {}", name, printable(problem)));
  }
  return record.serialize();
}

Result<HostReport> parse_report(std::string_view text) {
  const Result<Record> record = Record::parse(text);
  if (!record) return fail(record.error());
  const auto text_of = [&](std::string_view key) {
    return printable(record->find(key).value_or(""));
  };
  const auto written = record->find_number("written");
  const auto followed = parse_unsigned(record->find("followed").value_or(""));
  HostReport report{.host = text_of("host"), .agent = text_of("agent")};
  const auto ahead = record->find_number("ahead");
  const bool is_time = written && *written >= 0 && *written <= kLastSecond;
  const bool is_difference = !ahead || (*ahead >= -kLastSecond && *ahead <= kLastSecond);
  if (report.host.empty() || !is_time || !is_difference || !followed) {
    return fail(ErrorKind::invalid, "it is not what a host says of itself");
  }
  report.written = Time(Seconds(*written));
  report.followed = *followed;
  if (ahead) report.ahead = Seconds(*ahead);
  for (const std::string_view line : record->find_all("failed")) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    report.failed.emplace(printable(line.substr(0, blank)), printable(line.substr(blank + 1)));
  }
  return report;
}

std::vector<KnownCertificate> behind_on(const HostReport& report,
                                        const std::vector<KnownCertificate>& all) {
  std::vector<KnownCertificate> behind;
  std::copy_if(all.begin(), all.end(), std::back_inserter(behind),
               [&](const KnownCertificate& each) {
                 return each.modified > report.followed || report.failed.contains(each.name);
               });
  return behind;
}

ReportAge age_of(const HostReport& report, Time now, std::optional<Seconds> ahead) {
  ReportAge result;
  if (report.ahead && ahead) result.clock_ahead = *report.ahead - *ahead;
  const Time written = report.written - result.clock_ahead.value_or(Seconds(0));
  result.age = std::max(Seconds(0), now - written);
  return result;
}

}  // namespace ccm::fleet
