#include "agent/neighbours.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "lifecycle/effective_settings.h"

namespace ccm::agent {
namespace {

bool is_alive(Time touched, Time now) {
  return now - touched < Neighbours::kLife;
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
    text += fmt::format("{} {} {} {} {} {}\n", spec.name, spec.fingerprint(),
                        config::to_string(spec.renew_before), spec.check_interval.count(),
                        spec.keep, spec.stapling);
  }
  return text;
}

}  // namespace

Neighbours::Neighbours(std::string state_path, config::ServerKind server, const config::Config& own,
                       Log& log)
    : state_path_(std::move(state_path)), server_(server), own_(own), log_(log) {}

config::Config Neighbours::joined(Time now) {
  traces_ = look(now);
  config::Config all = join(now, true);
  adopted_ = summary(own_, all);
  return all;
}

bool Neighbours::have_changed(Time now) {
  Traces traces = look(now);
  if (traces == traces_) return false;
  traces_ = std::move(traces);
  return summary(own_, join(now, false)) != adopted_;
}

Neighbours::Traces Neighbours::look(Time now) const {
  Traces traces;
  for (const config::ServerKind server : config::kServerKinds) {
    struct stat file = {};
    const std::string path = lifecycle::effective_settings_path(state_path_, server);
    if (server == server_ || stat(path.c_str(), &file) != 0) continue;
    traces[server] = {file.st_ino, file.st_ctim.tv_nsec,
                      is_alive(Time(Seconds(file.st_mtim.tv_sec)), now)};
  }
  return traces;
}

config::Config Neighbours::join(Time now, bool says_why) const {
  config::Config all = own_;
  const auto settings = lifecycle::read_effective_settings(state_path_);
  if (!settings) return all;
  for (const lifecycle::EffectiveSettings& theirs : *settings) {
    if (theirs.server == server_ || !is_alive(theirs.touched, now)) continue;
    if (may_adopt(theirs.config, theirs.server, says_why)) all = all.joined_by(theirs.config);
  }
  return all;
}

bool Neighbours::may_adopt(const config::Config& theirs, config::ServerKind server,
                           bool says_why) const {
  const bool is_same = use_same_cloud(own_.global(), theirs.global());
  if (!says_why) return is_same;
  for (const config::CertificateSpec& spec : theirs.certificates()) {
    const config::CertificateSpec* ours = own_.find(spec.name);
    if (ours != nullptr && ours->fingerprint() != spec.fingerprint()) {
      log_.warn(
          "certificate \"{}\" is set differently for {} on this host, and what is set here counts; "
          "name one of the two differently",
          spec.name, lifecycle::name_of(server));
    }
    if (ours == nullptr && !is_same) {
      log_.warn(
          "certificate \"{}\" is set for {} on this host with another region, endpoint or "
          "credentials, so it is not looked after here; give that server a state directory of its "
          "own",
          spec.name, lifecycle::name_of(server));
    }
  }
  return is_same;
}

}  // namespace ccm::agent
