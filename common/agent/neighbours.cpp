// SPDX-License-Identifier: Apache-2.0
#include "agent/neighbours.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <set>
#include <utility>

namespace ccm::agent {
namespace {

// "nginx", or "the other nginx".
std::string title_of(const store::ServerId& theirs, const store::ServerId& ours) {
  const std::string_view name = store::name_of(theirs.kind);
  return fmt::format("{}{}", theirs.kind == ours.kind ? "the other " : "", name);
}

bool have_same_credentials(const config::CredentialsSpec& a, const config::CredentialsSpec& b) {
  const auto* one = std::get_if<config::CredentialsFile>(&a);
  const auto* other = std::get_if<config::CredentialsFile>(&b);
  if (one == nullptr || other == nullptr) return one == nullptr && other == nullptr;
  return one->path == other->path && one->profile == other->profile;
}

bool use_same_endpoints(const config::GlobalConfig& a, const config::GlobalConfig& b) {
  return a.region == b.region && a.scm_endpoint == b.scm_endpoint &&
         a.pca_endpoint == b.pca_endpoint && a.iam_endpoint == b.iam_endpoint;
}

bool use_same_cloud(const config::GlobalConfig& a, const config::GlobalConfig& b) {
  return have_same_credentials(a.credentials, b.credentials) && use_same_endpoints(a, b);
}

// Everything about the neighbours' certificates that the engine acts on.
std::string summary(const config::Config& own, const config::Config& joined) {
  std::string text;
  for (const config::CertificateSpec& spec : joined.certificates()) {
    if (own.find(spec.name) != nullptr) continue;
    text += fmt::format("{} {} {} {} {} {} {} {}\n", spec.name, spec.fingerprint(),
                        config::to_string(spec.renew_before), spec.check_interval.count(),
                        spec.keep, spec.stapling, config::to_string(spec.activation),
                        config::to_string(spec.canary));
  }
  // This server's catalogues come first.
  for (std::size_t i = own.catalogues().size(); i < joined.catalogues().size(); ++i) {
    text += fmt::format("catalogue {}\n", joined.catalogues()[i].selection());
  }
  if (own.global().ticket_keys != joined.global().ticket_keys) text += "ticket keys\n";
  return text;
}

// Even if the server uses another cloud: ticket keys are made here.
config::Config with_needs_of(const config::Config& theirs, config::Config all, bool is_same_cloud) {
  if (is_same_cloud) all = all.joined_by(theirs);
  const bool wants_keys = theirs.global().ticket_keys == config::TicketKeys::fleet;
  return wants_keys ? all.sharing_ticket_keys() : all;
}

}  // namespace

config::Config Neighbours::joined() {
  traces_ = look();
  config::Config all = join(true);
  adopted_ = summary(parts_.own, all);
  return all;
}

bool Neighbours::have_changed() {
  Traces traces = look();
  if (traces == traces_) return false;
  traces_ = std::move(traces);
  return summary(parts_.own, join(false)) != adopted_;
}

bool Neighbours::is_there(const store::AgentSighting& seen) const {
  return store::is_expected(seen, parts_.clock.now());
}

Neighbours::Traces Neighbours::look() const {
  Traces traces{.here = {}, .elsewhere = parts_.roster.servers()};
  for (const store::ServerId& server : store::servers_with_settings(parts_.state_path)) {
    struct stat file = {};
    const std::string path = store::effective_settings_path(parts_.state_path, server);
    if (server == parts_.server || stat(path.c_str(), &file) != 0) continue;
    const auto seen = store::look_at_agent(parts_.state_path, server, parts_.clock.steady_now());
    traces.here[server] = {file.st_ino, file.st_ctim.tv_nsec, is_there(seen)};
  }
  return traces;
}

config::Config Neighbours::join(bool says_why) const {
  config::Config all = parts_.own;
  const auto settings =
      store::read_effective_settings(parts_.state_path, parts_.clock.steady_now());
  if (settings) {
    for (const store::EffectiveSettings& theirs : *settings) {
      if (theirs.server == parts_.server || !is_there(theirs.seen)) continue;
      const bool is_same = use_same_cloud(parts_.own.global(), theirs.config.global());
      if (says_why) say_what_is_left_out(theirs, is_same);
      all = with_needs_of(theirs.config, std::move(all), is_same);
    }
  }
  join_distant(all, says_why);
  return all;
}

// Many hosts have the same settings, so each configuration is looked at only once.
void Neighbours::join_distant(config::Config& all, bool says_why) const {
  std::set<const config::Config*> seen;
  const auto servers = parts_.roster.servers();
  for (const fleet::DistantServer& theirs : *servers) {
    if (!seen.insert(theirs.config.get()).second) continue;
    const bool is_same = use_same_endpoints(parts_.own.global(), theirs.config->global());
    if (says_why) say_what_is_left_out(all, theirs, is_same);
    all = with_needs_of(*theirs.config, std::move(all), is_same);
  }
}

void Neighbours::say_what_is_left_out(const store::EffectiveSettings& theirs, bool is_same) const {
  const std::string title = title_of(theirs.server, parts_.server);
  for (const config::CertificateSpec& spec : theirs.config.certificates()) {
    const config::CertificateSpec* ours = parts_.own.find(spec.name);
    if (ours != nullptr && ours->fingerprint() != spec.fingerprint()) {
      parts_.log.warn(
          "certificate \"{}\" is set differently for {} on this host, and what is set here counts; "
          "name one of the two differently",
          spec.name, title);
    }
    if (ours == nullptr && !is_same) {
      parts_.log.warn(
          "certificate \"{}\" is set for {} on this host with another region, endpoint or "
          "credentials, so it is not looked after here; give that server a state directory of its "
          "own",
          spec.name, title);
    }
  }
}

void Neighbours::say_what_is_left_out(const config::Config& all, const fleet::DistantServer& theirs,
                                      bool is_same) const {
  for (const config::CertificateSpec& spec : theirs.config->certificates()) {
    const config::CertificateSpec* counts = all.find(spec.name);
    if (counts != nullptr && counts->fingerprint() != spec.fingerprint()) {
      parts_.log.warn(
          "certificate \"{}\" is set differently for {} on the host \"{}\" of the fleet, and what "
          "is "
          "set for another server counts; name one of the two differently",
          spec.name, store::name_of(theirs.server.kind), theirs.host);
    }
    if (counts == nullptr && !is_same) {
      parts_.log.warn(
          "certificate \"{}\" is set for {} on the host \"{}\" of the fleet with another region or "
          "endpoint, so it is not looked after here; give that host a fleet of its own",
          spec.name, store::name_of(theirs.server.kind), theirs.host);
    }
  }
}

}  // namespace ccm::agent
