// SPDX-License-Identifier: Apache-2.0
#include "cli/survey/plugin_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace ccm::cli {
namespace {

constexpr std::size_t kMostSentences = 3;
// Monitoring systems take some kilobytes.
constexpr std::size_t kMostValues = 100;

// One line, in which a bar would begin the performance data.
std::string plain(std::string_view text) {
  std::string line = printable(text);
  std::replace(line.begin(), line.end(), '|', '/');
  return line;
}

// "62", "0.04": days, with as many digits as a short life needs.
std::string days_of(Seconds time) {
  constexpr double kSecondsADay = 86400;
  const double days = static_cast<double>(std::max<Seconds::rep>(time.count(), 0)) / kSecondsADay;
  if (days >= 10 || time.count() % 86400 == 0) return fmt::format("{}", static_cast<long>(days));
  return fmt::format("{:.2f}", days);
}

// A value below the limit is bad, which is what the colon says.
std::string value_of(std::string_view label, const CertificateReport& report) {
  const Limits limits = report.limits.value_or(Limits{});
  return fmt::format("'{}'={}d;{}:;{}:", plain(label), days_of(*report.left),
                     days_of(limits.warning), days_of(limits.critical));
}

const CertificateReport* first_to_end(const Survey& survey) {
  const CertificateReport* first = nullptr;
  for (const CertificateReport& each : survey.certificates) {
    if (each.left && (first == nullptr || *each.left < *first->left)) first = &each;
  }
  return first;
}

std::string performance_of(const Survey& survey) {
  std::vector<std::string> values;
  if (survey.certificates.size() <= kMostValues) {
    for (const CertificateReport& each : survey.certificates) {
      if (each.left) values.push_back(value_of(each.name, each));
    }
    return join(values, " ");
  }
  const auto count = [&survey](Level level) {
    return std::count_if(survey.certificates.begin(), survey.certificates.end(),
                         [level](const CertificateReport& each) { return each.level == level; });
  };
  if (const auto* first = first_to_end(survey)) values.push_back(value_of("first to end", *first));
  values.push_back(fmt::format("'certificates'={}", survey.certificates.size()));
  values.push_back(fmt::format("'warning'={}", count(Level::warning)));
  values.push_back(fmt::format("'critical'={}", count(Level::critical)));
  values.push_back(fmt::format("'unknown'={}", count(Level::unknown)));
  return join(values, " ");
}

// The worst first.
std::vector<std::string> problems_of(const Survey& survey) {
  std::vector<std::pair<Level, std::string>> problems;
  for (const ServerReport& each : survey.servers) {
    problems.emplace_back(each.level, fmt::format("{}: {}", each.title, each.sentence));
  }
  for (const CertificateReport& each : survey.certificates) {
    if (each.level == Level::ok || each.is_said) continue;
    problems.emplace_back(each.level, fmt::format("{}: {}", each.name, each.sentence));
  }
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return a.first != b.first && worse(a.first, b.first) == a.first;
  });
  std::vector<std::string> sentences;
  for (auto& [_, sentence] : problems) sentences.push_back(std::move(sentence));
  return sentences;
}

std::string number_of(const Survey& survey) {
  const std::size_t number = survey.certificates.size();
  return fmt::format("{} certificate{}", number, number == 1 ? "" : "s");
}

std::string good_news(const Survey& survey) {
  const CertificateReport* first = first_to_end(survey);
  if (first == nullptr) return number_of(survey);
  return fmt::format("{}, {} expires in {}", number_of(survey), first->name,
                     short_duration(*first->left));
}

std::string bad_news(std::vector<std::string> problems) {
  const std::size_t more = problems.size() - std::min(problems.size(), kMostSentences);
  problems.resize(problems.size() - more);
  return join(problems, "; ") + (more == 0 ? "" : fmt::format("; and {} more", more));
}

}  // namespace

std::string plugin_line(const Survey& survey) {
  if (survey.certificates.empty() && survey.servers.empty()) {
    return plugin_failure("no server of this host names a certificate");
  }
  std::vector<std::string> problems = problems_of(survey);
  const std::string news = problems.empty() ? good_news(survey) : bad_news(std::move(problems));
  const std::string values = performance_of(survey);
  return fmt::format("CCM {} - {}{}{}\n", word_of(survey.level()), plain(news),
                     values.empty() ? "" : " | ", values);
}

std::string plugin_details(const Survey& survey) {
  std::string text;
  for (const ServerReport& each : survey.servers) {
    text += fmt::format("{} {}: {}\n", word_of(each.level), each.title, plain(each.sentence));
  }
  for (const CertificateReport& each : survey.certificates) {
    if (each.looks.empty()) {
      text += fmt::format("{} {}: {}\n", word_of(each.level), each.name, plain(each.sentence));
    }
    for (const Look& look : each.looks) {
      if (!look.counts) continue;
      text += fmt::format("{} {} ({}): {}\n", word_of(look.verdict.level), each.name,
                          word_of(look.key), plain(sentence_of(look)));
    }
  }
  return text;
}

std::string plugin_failure(std::string_view sentence) {
  return fmt::format("CCM UNKNOWN - {}\n", plain(sentence));
}

}  // namespace ccm::cli
