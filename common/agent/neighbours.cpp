// SPDX-License-Identifier: Apache-2.0
#include "agent/neighbours.h"

#include <fmt/format.h>
#include <sys/stat.h>

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

bool use_same_cloud(const config::GlobalConfig& a, const config::GlobalConfig& b) {
  return have_same_credentials(a.credentials, b.credentials) && a.region == b.region &&
         a.scm_endpoint == b.scm_endpoint && a.pca_endpoint == b.pca_endpoint &&
         a.iam_endpoint == b.iam_endpoint;
}

// Everything about the adopted certificates that the engine acts on.
std::string summary(const config::Config& own, const config::Config& joined) {
  std::string text;
  for (const config::CertificateSpec& spec : joined.certificates()) {
    if (own.find(spec.name) != nullptr) continue;
    text += fmt::format("{} {} {} {} {} {} {} {}\n", spec.name, spec.fingerprint(),
                        config::to_string(spec.renew_before), spec.check_interval.count(),
                        spec.keep, spec.stapling, config::to_string(spec.activation),
                        config::to_string(spec.canary));
  }
  // Those of this server come first.
  for (std::size_t i = own.catalogues().size(); i < joined.catalogues().size(); ++i) {
    text += fmt::format("catalogue {}\n", joined.catalogues()[i].selection());
  }
  if (own.global().ticket_keys != joined.global().ticket_keys) text += "ticket keys\n";
  return text;
}

}  // namespace

Neighbours::Neighbours(std::string state_path, store::ServerId server, const config::Config& own,
                       const Clock& clock, Log& log)
    : state_path_(std::move(state_path)),
      server_(std::move(server)),
      own_(own),
      clock_(clock),
      log_(log) {}

config::Config Neighbours::joined() {
  traces_ = look();
  config::Config all = join(true);
  adopted_ = summary(own_, all);
  return all;
}

bool Neighbours::have_changed() {
  Traces traces = look();
  if (traces == traces_) return false;
  traces_ = std::move(traces);
  return summary(own_, join(false)) != adopted_;
}

bool Neighbours::is_there(const store::AgentSighting& seen) const {
  if (seen.is_alive || seen.has_server) return true;
  return seen.last_seen && clock_.now() - *seen.last_seen < kGrace;
}

Neighbours::Traces Neighbours::look() const {
  Traces traces;
  for (const store::ServerId& server : store::servers_with_settings(state_path_)) {
    struct stat file = {};
    const std::string path = store::effective_settings_path(state_path_, server);
    if (server == server_ || stat(path.c_str(), &file) != 0) continue;
    const auto seen = store::look_at_agent(state_path_, server, clock_.steady_now());
    traces[server] = {file.st_ino, file.st_ctim.tv_nsec, is_there(seen)};
  }
  return traces;
}

config::Config Neighbours::join(bool says_why) const {
  config::Config all = own_;
  const auto settings = store::read_effective_settings(state_path_, clock_.steady_now());
  if (!settings) return all;
  for (const store::EffectiveSettings& theirs : *settings) {
    if (theirs.server == server_ || !is_there(theirs.seen)) continue;
    if (may_adopt(theirs, says_why)) all = all.joined_by(theirs.config);
    // Whatever cloud it uses: the keys are made here.
    if (theirs.config.global().ticket_keys == config::TicketKeys::fleet) {
      all = all.sharing_ticket_keys();
    }
  }
  return all;
}

bool Neighbours::may_adopt(const store::EffectiveSettings& theirs, bool says_why) const {
  const bool is_same = use_same_cloud(own_.global(), theirs.config.global());
  if (!says_why) return is_same;
  const std::string title = title_of(theirs.server, server_);
  for (const config::CertificateSpec& spec : theirs.config.certificates()) {
    const config::CertificateSpec* ours = own_.find(spec.name);
    if (ours != nullptr && ours->fingerprint() != spec.fingerprint()) {
      log_.warn(
          "certificate \"{}\" is set differently for {} on this host, and what is set here counts; "
          "name one of the two differently",
          spec.name, title);
    }
    if (ours == nullptr && !is_same) {
      log_.warn(
          "certificate \"{}\" is set for {} on this host with another region, endpoint or "
          "credentials, so it is not looked after here; give that server a state directory of its "
          "own",
          spec.name, title);
    }
  }
  return is_same;
}

}  // namespace ccm::agent
