// SPDX-License-Identifier: Apache-2.0
#include "cloud/proof/look_for_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace ccm::cloud {
namespace {

constexpr std::size_t kMostServers = 8;
constexpr int kMostAliases = 8;
// After this many questions without an answer, which take some seconds each, it gives up.
constexpr int kMostSilences = 10;
constexpr std::size_t kMostNamed = 3;         // values in a sentence
constexpr std::size_t kMostShownValue = 100;  // characters of each

struct Zone {
  std::string name;
  std::vector<NameServer> servers;
};

std::string without_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return std::string(name);
}

class RecordSearch {
 public:
  RecordSearch(ProofRecord type, const std::string& value, const DnsPlaces& places)
      : type_(type),
        value_(type == ProofRecord::cname ? without_dot(value) : value),
        zone_port_(places.zone_port),
        resolvers_(places.resolvers.empty() ? system_resolvers() : places.resolvers) {}

  Result<void> look(const std::string& name);

 private:
  struct Seen {
    bool has_answered = false;
    std::optional<std::string> alias;
    std::optional<Error> silence;  // of the first server that did not answer
    std::optional<std::string> difference;
  };

  Result<DnsAnswer> ask_patiently(const NameServer& server, const DnsQuestion& question);
  Result<DnsAnswer> resolve(const std::string& name, DnsType type);
  Result<Zone> find_zone(const std::string& name);
  void add_servers(Zone& zone, const std::string& server);
  Seen ask_all(const Zone& zone, const std::string& name);
  bool is_wanted(const std::string& value) const;
  std::string difference(const std::string& name, const NameServer& server,
                         const DnsAnswer& answer) const;
  std::string_view word() const { return type_ == ProofRecord::cname ? "CNAME" : "TXT"; }

  ProofRecord type_;
  std::string value_;
  std::uint16_t zone_port_;
  std::vector<NameServer> resolvers_;
  int silences_ = 0;
};

Result<DnsAnswer> RecordSearch::ask_patiently(const NameServer& server,
                                              const DnsQuestion& question) {
  if (silences_ == kMostSilences) {
    return fail(ErrorKind::transient,
                fmt::format("after {} questions that no DNS server answered, {} is not asked",
                            kMostSilences, to_text(server)));
  }
  auto answer = ask(server, question);
  if (!answer) ++silences_;
  return answer;
}

// Asks the resolvers in turn; the first answer counts.
Result<DnsAnswer> RecordSearch::resolve(const std::string& name, DnsType type) {
  std::optional<Error> problem;
  for (const NameServer& resolver : resolvers_) {
    auto answer = ask_patiently(resolver, {.name = name, .type = type, .is_recursive = true});
    if (answer) return answer;
    if (!problem) problem = std::move(answer).error();
  }
  return fail(*std::move(problem));
}

// The zone of a name is the nearest one above it, or one of its own name.
Result<Zone> RecordSearch::find_zone(const std::string& name) {
  for (std::string_view rest = name; !rest.empty();) {
    auto answer = resolve(std::string(rest), DnsType::ns);
    if (!answer) return pass(std::move(answer));
    if (!answer->values.empty()) {
      Zone zone{.name = std::string(rest), .servers = {}};
      for (const std::string& server : answer->values) add_servers(zone, server);
      return zone;
    }
    const std::size_t dot = rest.find('.');
    rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  }
  return fail(ErrorKind::pending,
              fmt::format("no DNS server is known for \"{}\" or a domain above it; is the domain "
                          "registered?",
                          printable(name)));
}

void RecordSearch::add_servers(Zone& zone, const std::string& server) {
  for (const DnsType type : {DnsType::a, DnsType::aaaa}) {
    const auto addresses = resolve(server, type);
    if (!addresses) continue;
    for (const std::string& address : addresses->values) {
      if (zone.servers.size() == kMostServers) return;
      zone.servers.push_back({.address = address, .port = zone_port_, .name = server});
    }
  }
}

RecordSearch::Seen RecordSearch::ask_all(const Zone& zone, const std::string& name) {
  Seen seen;
  const DnsType type = type_ == ProofRecord::cname ? DnsType::cname : DnsType::txt;
  for (const NameServer& server : zone.servers) {
    auto answer = ask_patiently(server, {.name = name, .type = type});
    if (!answer) {
      if (!seen.silence) seen.silence = std::move(answer).error();
      continue;
    }
    seen.has_answered = true;
    if (type == DnsType::txt && answer->values.empty() && answer->alias) {
      seen.alias = std::move(answer->alias);
      continue;
    }
    const bool has_it = std::any_of(answer->values.begin(), answer->values.end(),
                                    [this](const std::string& each) { return is_wanted(each); });
    if (!has_it && !seen.difference) seen.difference = difference(name, server, *answer);
  }
  return seen;
}

bool RecordSearch::is_wanted(const std::string& value) const {
  return type_ == ProofRecord::cname ? equals_ignoring_case(value, value_) : value == value_;
}

std::string RecordSearch::difference(const std::string& name, const NameServer& server,
                                     const DnsAnswer& answer) const {
  if (answer.values.empty()) {
    return fmt::format("there is no {} record {} at {}; it should hold \"{}\"", word(), name,
                       to_text(server), printable(value_));
  }
  std::vector<std::string> shown;
  for (const std::string& value : answer.values) {
    if (shown.size() == kMostNamed) break;
    shown.push_back(fmt::format("\"{}\"", printable(cut(value, kMostShownValue))));
  }
  const std::size_t others = answer.values.size() - shown.size();
  return fmt::format("the {} record {} holds {}{} at {}; it should hold \"{}\"", word(), name,
                     join(shown, " and "), others == 0 ? "" : fmt::format(" and {} more", others),
                     to_text(server), printable(value_));
}

Result<void> RecordSearch::look(const std::string& wanted_name) {
  std::string name = without_dot(wanted_name);
  for (int aliases = 0; aliases <= kMostAliases; ++aliases) {
    const Result<Zone> zone = find_zone(name);
    if (!zone) return fail(zone.error());
    if (zone->servers.empty()) {
      return fail(ErrorKind::transient,
                  fmt::format("the servers of the zone {} have no address", printable(zone->name)));
    }
    Seen seen = ask_all(*zone, name);
    if (seen.difference) return fail(ErrorKind::pending, *std::move(seen.difference));
    if (!seen.has_answered) return fail(*std::move(seen.silence));
    if (!seen.alias) return {};
    name = *std::move(seen.alias);
  }
  return fail(ErrorKind::pending,
              fmt::format("the {} record {} leads from one CNAME record to another without an end",
                          word(), wanted_name));
}

}  // namespace

Result<void> look_for_record(const std::string& name, ProofRecord type, const std::string& value,
                             const DnsPlaces& places) {
  return RecordSearch(type, value, places).look(name);
}

}  // namespace ccm::cloud
