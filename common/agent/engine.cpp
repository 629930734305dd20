#include "agent/engine.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "cloud/curl_client.h"
#include "cloud/endpoints.h"
#include "cloud/pca.h"
#include "cloud/scm.h"
#include "cloud/session.h"
#include "lifecycle/lifecycle.h"
#include "lifecycle/lockout.h"
#include "lifecycle/pca_source.h"
#include "lifecycle/request.h"
#include "lifecycle/scm_source.h"

namespace ccm::agent {
namespace {

constexpr std::size_t kMostCredentials = 64U << 10U;
constexpr std::size_t kMostCaCertificates = 4U << 20U;

// The file behind links: secrets of orchestrators are mounted as links, and the operator named
// them.
Result<std::string> resolve(const std::string& path) {
  const Handle<char, std::free> real(realpath(path.c_str(), nullptr));
  if (real == nullptr) return fail(system_error("reading " + path, errno));
  return std::string(real.get());
}

void warn_if_others_read(const std::string& path, Log& log) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0) {
    log.warn("{} can be read by others than its owner; make it private with chmod 600", path);
  }
}

Result<cloud::Credentials> read_credentials(const config::CredentialsFile& file, Log& log) {
  const Result<std::string> path = resolve(file.path);
  if (!path) return fail(path.error());
  warn_if_others_read(*path, log);
  const Result<Secret> text = read_secret_file(*path, kMostCredentials);
  if (!text) return fail(text.error());
  return cloud::parse_profile(*text, file.profile, file.path);
}

cloud::Endpoints endpoints_of(const config::GlobalConfig& global,
                              const std::optional<cloud::Credentials>& credentials) {
  cloud::Endpoints overrides{global.iam_endpoint, global.scm_endpoint, global.pca_endpoint};
  if (overrides.iam.empty() && credentials) overrides.iam = credentials->iam_endpoint;
  return cloud::endpoints_for(global.region, overrides);
}

std::unique_ptr<cloud::CredentialsProvider> make_provider(CloudAccess& access,
                                                          cloud::HttpClient& http,
                                                          const Clock& clock,
                                                          const std::string& metadata) {
  if (access.credentials) return cloud::make_fixed_provider(*std::move(access.credentials));
  return cloud::make_ecs_provider(http, clock, metadata);
}

// New credentials make a failure of the old ones worth another try, as a new configuration does.
Engine::Parts with_identity(Engine::Parts parts, const CloudAccess& access) {
  if (access.credentials) parts.launch_id += " " + access.credentials->fingerprint();
  return parts;
}

class RunningEngine final : public Engine {
 public:
  RunningEngine(Parts parts, CloudAccess access, std::unique_ptr<cloud::HttpClient> http);

  void hand_out(Time now) override;
  Time next_wake() const override;

 private:
  void work();

  Parts parts_;
  cloud::Endpoints endpoints_;
  std::unique_ptr<cloud::HttpClient> http_;
  std::unique_ptr<cloud::CredentialsProvider> provider_;
  std::unique_ptr<cloud::LockoutGuard> guard_;
  cloud::Session session_;
  cloud::ScmClient scm_client_;
  cloud::PcaClient pca_client_;
  lifecycle::ScmSource scm_;
  lifecycle::PcaSource pca_;
  lifecycle::Lifecycle lifecycle_;
  lifecycle::RequestDesk desk_;

  mutable std::mutex mutex_;
  std::condition_variable work_is_there_;
  std::deque<std::string> queue_;  // guarded by mutex_
  std::size_t in_work_ = 0;        // queued and running; guarded by mutex_
  // The process ends by _exit, so these are never joined.
  std::vector<std::thread> threads_;
};

RunningEngine::RunningEngine(Parts parts, CloudAccess access,
                             std::unique_ptr<cloud::HttpClient> http)
    : parts_(with_identity(std::move(parts), access)),
      endpoints_(endpoints_of(parts_.config.global(), access.credentials)),
      http_(std::move(http)),
      provider_(
          make_provider(access, *http_, parts_.clock, parts_.config.global().metadata_endpoint)),
      guard_(lifecycle::make_store_lockout_guard(parts_.store, *parts_.lease, parts_.clock)),
      session_({*http_, *provider_, *guard_, parts_.clock, endpoints_.iam}),
      scm_client_(session_, endpoints_.scm),
      pca_client_(session_, endpoints_.pca),
      scm_(scm_client_, parts_.store, parts_.clock, parts_.log),
      pca_(pca_client_, parts_.store),
      lifecycle_(
          {parts_.config, parts_.store, scm_, pca_, parts_.clock, parts_.log, parts_.launch_id}),
      desk_({parts_.state_path, parts_.store, *parts_.lease, lifecycle_, parts_.log}) {
  lifecycle_.start(*parts_.lease);
  for (unsigned i = 0; i < parts_.config.global().concurrent_renewals; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

void RunningEngine::hand_out(Time now) {
  desk_.serve();
  const std::lock_guard lock(mutex_);
  const std::size_t free = threads_.size() - in_work_;
  for (std::string& name : lifecycle_.take_due(now, free)) {
    queue_.push_back(std::move(name));
    ++in_work_;
    work_is_there_.notify_one();
  }
}

// With every thread busy the next event is the end of an attempt, whatever is due by then.
Time RunningEngine::next_wake() const {
  const std::lock_guard lock(mutex_);
  return in_work_ < threads_.size() ? lifecycle_.next_wake() : Time::max();
}

void RunningEngine::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    work_is_there_.wait(lock, [this] { return !queue_.empty(); });
    const std::string name = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    lifecycle_.attempt(name, *parts_.lease);
    lock.lock();
    --in_work_;
    lock.unlock();
    const std::uint64_t one = 1;
    static_cast<void>(write(parts_.wake_descriptor, &one, sizeof one) < 0);
  }
}

}  // namespace

Result<CloudAccess> read_cloud_access(const config::GlobalConfig& global, Log& log) {
  CloudAccess access;
  if (!global.trusted_certificate.empty()) {
    const Result<std::string> path = resolve(global.trusted_certificate);
    if (!path) return fail(path.error());
    Result<std::string> text = read_file(*path, kMostCaCertificates);
    if (!text) return pass(std::move(text));
    access.ca_pem = *std::move(text);
  }
  if (const auto* file = std::get_if<config::CredentialsFile>(&global.credentials)) {
    Result<cloud::Credentials> credentials = read_credentials(*file, log);
    if (!credentials) return fail_with(std::move(credentials), "credentials");
    access.credentials = *std::move(credentials);
  }
  return access;
}

Result<std::unique_ptr<Engine>> Engine::start(Parts parts, CloudAccess access) {
  Result<std::unique_ptr<cloud::HttpClient>> http =
      cloud::make_curl_client({.ca_pem = access.ca_pem, .proxy = parts.config.global().proxy});
  if (!http) return pass(std::move(http));
  return std::make_unique<RunningEngine>(std::move(parts), std::move(access), *std::move(http));
}

}  // namespace ccm::agent
